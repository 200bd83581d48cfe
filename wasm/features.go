package wasm

import (
	"math/bits"
	"strings"
)

// Features is a set of the WebAssembly proposals that came after the first version of the specification. Decode
// accepts a module only if it keeps to the set it is given, and names the feature that is missing if it does not.
type Features uint64

const (
	// FeatureMutableGlobals lets mutable globals be imported and exported.
	FeatureMutableGlobals Features = 1 << iota
	// FeatureSignExtension has i32.extend8_s and its like.
	FeatureSignExtension
	// FeatureSaturatingTrunc has i32.trunc_sat_f32_s and its like.
	FeatureSaturatingTrunc
	// FeatureMultiValue lets functions and blocks have many results, and blocks parameters.
	FeatureMultiValue
	// FeatureBulkMemory has memory.copy and its like, passive segments and the data count section.
	FeatureBulkMemory
	// FeatureReferenceTypes has funcref and externref as value types, many tables, and their instructions.
	FeatureReferenceTypes
	// FeatureTailCall has return_call and return_call_indirect.
	FeatureTailCall
	// FeatureExtendedConst lets constant expressions add, subtract and multiply integers, and read any immutable global
	// that stands before them, imported or not.
	FeatureExtendedConst
	// FeatureMultiMemory lets a module have more than one memory.
	FeatureMultiMemory
	// FeatureMemory64 has memories and tables that are addressed by i64.
	FeatureMemory64
	// FeatureFunctionReferences has references with the type of the function they are to, call_ref, references that
	// are never null, and tables defined with an initial element.
	FeatureFunctionReferences
	// FeatureSIMD has v128 and its instructions.
	FeatureSIMD
	// FeatureRelaxedSIMD has the vector instructions whose results may differ between machines; godwit's do not.
	FeatureRelaxedSIMD
	// FeatureGC has structures, arrays, i31, subtypes, recursive types and casts.
	FeatureGC
	// FeatureExceptions has tags, throw, throw_ref and try_table.
	FeatureExceptions
	// FeatureLegacyExceptions has try, catch, delegate and rethrow, which exceptions were before exnref.
	FeatureLegacyExceptions
	// FeatureThreads has shared memories and atomic accesses.
	FeatureThreads
	// FeatureWideArithmetic has 128-bit addition, subtraction and multiplication.
	FeatureWideArithmetic
	// FeatureCustomPageSizes has memories with pages of one byte.
	FeatureCustomPageSizes
	// FeatureCustomDescriptors has types that describe types, and exact references. It is the one feature that is off
	// by default: the proposal is not finished.
	FeatureCustomDescriptors

	featureEnd
)

// AllFeatures is every feature godwit knows.
const AllFeatures = featureEnd - 1

// DefaultFeatures is every feature that is part of WebAssembly 3.0 or on its way with toolchains that emit it.
const DefaultFeatures = AllFeatures &^ FeatureCustomDescriptors

// MVP is the first version of the specification: no feature at all.
const MVP Features = 0

var featureNames = [...]string{
	"mutable-globals", "sign-extension", "saturating-trunc", "multi-value", "bulk-memory", "reference-types",
	"tail-call", "extended-const", "multi-memory", "memory64", "function-references", "simd", "relaxed-simd", "gc",
	"exceptions", "legacy-exceptions", "threads", "wide-arithmetic", "custom-page-sizes", "custom-descriptors",
}

// Has tells whether every feature of g is in f.
func (f Features) Has(g Features) bool { return f&g == g }

// With returns f with the features of g added.
func (f Features) With(g Features) Features { return f | g }

// Without returns f with the features of g taken away.
func (f Features) Without(g Features) Features { return f &^ g }

// String names the features of the set, separated by commas; the empty set is "mvp".
func (f Features) String() string {
	if f == 0 {
		return "mvp"
	}
	var names []string
	for f != 0 {
		i := bits.TrailingZeros64(uint64(f))
		f &^= 1 << i
		if i < len(featureNames) {
			names = append(names, featureNames[i])
		} else {
			names = append(names, "unknown")
		}
	}
	return strings.Join(names, ",")
}

// FeatureByName finds a feature by the name String gives it.
func FeatureByName(name string) (f Features, ok bool) {
	for i, n := range featureNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}
