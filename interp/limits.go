package interp

import "math/bits"

// Tuning: every number that could be another one stands here, with its reason.
const (
	// defaultMaxStack bounds a thread's wasm stack, in bytes of slots and frame records. Deep recursion of ordinary
	// programs (a recursive-descent parser, ackermann) stays far below; runaway recursion ends within a second.
	defaultMaxStack = 64 << 20

	// firstStack is what a thread's stack starts with, in bytes. Most calls never need more, and instances stay cheap.
	firstStack = 16 << 10

	// frameShare is how many bytes of slots go with one frame record when the stack grows.
	frameShare = 64

	// restoredStack is what a restored thread's stack starts with: a snapshot pays for a thread with a few bytes.
	restoredStack = 256

	// maxNested bounds the calls of host functions back into wasm that are in progress at once. Each has some kilobytes of
	// the Go stack, whose end is no trap but the process's.
	maxNested = 1 << 12

	// defaultMaxTable bounds a table's elements; the JavaScript API has the same bound.
	defaultMaxTable = 10_000_000

	// maxSlots is what an instruction's 16-bit operand can name.
	maxSlots = 1<<16 - 1

	// reserveMax bounds the address space reserved for a memory, so that it need not move when it grows: all that a 32-bit
	// one can have. A 64-bit one that grows beyond is moved.
	reserveMax = 4 << 30

	// maxReservations bounds the number of such reservations. Linux allows a process 65,530 mappings, each memory takes
	// two, and Go needs some; further memories are Go slices.
	maxReservations = 16 << 10

	// maxMoved bounds the memories that are Go slices where mappings can be had: a mapping that is refused is an error, but
	// a slice that is too large for the machine ends the process.
	maxMoved = 1 << 30

	// maxSharedSlice bounds what a shared memory, which must not move, takes at once where there are no reservations.
	maxSharedSlice = 256 << 20

	// maxMapping is more than any machine has; larger sizes are not worth asking for.
	maxMapping = 1 << 46

	// maxTables bounds the elements of all tables of a store together, and maxFuncs the functions of a store: a module of
	// a few bytes can ask for a great many.
	maxTables = 1 << 25
	maxFuncs  = 1 << 24

	// maxUnsettled is how many operands on top of the abstract stack may be locals or constants that have no slot of
	// their own yet. Expressions that people write are less deep; a bound keeps lowering linear in the code's length.
	maxUnsettled = 32
)

// maxBytes32 is what 32 bits can address.
const maxBytes32 = 1 << 32

// maxPages is what a memory can have at most on this host, in pages of 64 KiB: 4 GiB where addresses are 64 bits wide, since Go slices
// may be longer but no 32-bit memory is; 1 GiB elsewhere. 64-bit memories may grow beyond 4 GiB on 64-bit hosts.
const maxPages = 1<<14 + (1<<32-1<<14)*(bits.UintSize/64)

// Config bounds what a program may use. Zero means the default; the defaults are in limits.go.
type Config struct {
	MaxStack  int    // bytes of wasm stack of each thread
	MaxMemory uint64 // bytes of each memory; 0 leaves only the module's own maximum
	MaxTable  uint64 // elements of each table
}

func (c Config) withDefaults() Config {
	if c.MaxStack <= 0 {
		c.MaxStack = defaultMaxStack
	}
	if bits.UintSize == 32 {
		c.MaxStack = min(c.MaxStack, defaultMaxStack) // keeps the sums of addresses in calls from overflowing
	}
	if c.MaxTable == 0 {
		c.MaxTable = defaultMaxTable
	}
	return c
}
