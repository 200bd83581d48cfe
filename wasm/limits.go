package wasm

// Implementation limits. Those on counts are the ones that the WebAssembly JavaScript interface fixes for browsers
// (its section 9), so that what runs there decodes here. A module beyond one is refused with ErrLimit.
const (
	maxModuleSize   = 1 << 30
	maxTypes        = 1_000_000 // also of one recursion group
	maxFields       = 10_000    // of one structure; also the operands of array.new_fixed
	maxSubtyping    = 63        // supertypes above a type
	maxTags         = 1_000_000
	maxCatches      = 1_000_000 // of one try_table
	maxFuncs        = 1_000_000
	maxImports      = 1_000_000
	maxExports      = 1_000_000
	maxGlobals      = 1_000_000
	maxTables       = 100_000
	maxMemories     = 100
	maxDataSegments = 100_000
	maxElemSegments = 10_000_000
	maxElemInit     = 10_000_000 // entries of one element segment
	maxParams       = 1000
	maxResults      = 1000
	maxLocals       = 50_000 // of one function, parameters not among them
	maxBodySize     = 7_654_321

	// maxNesting bounds the blocks open at once in one function: compilers nest one block for each arm of a switch,
	// and the largest switches seen have some thousands. A validator keeps 16 bytes for each.
	maxNesting = 1 << 16
	// maxHeight bounds the operand stack of one function. A call pushes up to maxResults values with two bytes of
	// code, so that without it a body of maxBodySize could ask for gigabytes.
	maxHeight = 1 << 16
)

// Tuning of the validator.
const (
	// parallelBytes is how much code a goroutine must have to validate before another is worth starting: about a
	// millisecond's work, some hundred times what starting it costs.
	parallelBytes = 256 << 10
	// expandBase is how many locals of a function are always laid out one by one for the validator; beyond that, no
	// more than the body has bytes. Otherwise many short bodies with 50,000 locals each would cost time far beyond
	// their size.
	expandBase = 64
	// matchCache is how many pairs of types a validator remembers as matching.
	matchCache = 256
)
