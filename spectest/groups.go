package spectest

import (
	"path"
	"strings"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm"
)

// Group is the scripts that test one feature, or one part of the specification.
type Group struct {
	Name string
	// Features are those that its scripts need beside the default ones.
	Features vm.Features
	// Without are those that its scripts were written without: what they forbid must still be refused.
	Without vm.Features
	// patterns are of path.Match, for the script's path in the suite. The first group that has a match has the script.
	patterns []string
}

// groups are all groups, the ones with narrower patterns first.
var groups = []*Group{
	{Name: "custom descriptors (proposal)", Features: wasm.FeatureCustomDescriptors, patterns: []string{"proposals/custom-descriptors/*"}},
	{Name: "custom page sizes (proposal)", patterns: []string{"proposals/custom-page-sizes/*"}},
	{Name: "threads: shared memories and atomics (proposal)",
		Without: wasm.FeatureReferenceTypes | wasm.FeatureMultiMemory | wasm.FeatureMemory64, patterns: []string{"proposals/threads/*"}},
	{Name: "wide arithmetic (proposal)", patterns: []string{"proposals/wide-arithmetic/*"}},
	{Name: "other proposals", patterns: []string{"proposals/*/*", "proposals/*"}},
	{Name: "legacy exceptions", patterns: []string{"legacy/*"}},
	{Name: "custom sections and annotations", patterns: []string{"custom/*", "custom.wast", "annotations.wast"}},
	{Name: "relaxed SIMD", patterns: []string{"relaxed_*", "*_relaxed_*"}},
	{Name: "SIMD", patterns: []string{"simd_*"}},
	{Name: "garbage collection", patterns: []string{
		"array.wast", "array_*", "binary-gc.wast", "br_on_cast*", "extern.wast", "i31.wast", "ref_cast.wast", "ref_eq.wast",
		"ref_test.wast", "struct.wast", "type-*", "table-sub.wast"}},
	{Name: "exceptions", patterns: []string{"tag.wast", "throw*", "try_table.wast", "ref_null_exn.wast"}},
	{Name: "typed function references", patterns: []string{
		"br_on_non_null.wast", "br_on_null.wast", "call_ref.wast", "local_init.wast", "ref.wast", "ref_as_non_null.wast",
		"return_call_ref.wast", "unreached-valid.wast"}},
	{Name: "tail calls", patterns: []string{"return_call*"}},
	{Name: "64-bit memories and tables", patterns: []string{"*64.wast", "memory64-*", "table_copy_mixed.wast"}},
	{Name: "multiple memories", patterns: []string{
		"*-multi.wast", "address[01].wast", "align0.wast", "binary0.wast", "data[01].wast", "data_drop0.wast", "exports0.wast",
		"float_exprs[01].wast", "float_memory0.wast", "imports[0-4].wast", "linking[0-3].wast", "load[0-2].wast",
		"memory_copy[01].wast", "memory_fill0.wast", "memory_init0.wast", "memory_size[0-3].wast", "memory_size_import.wast",
		"memory_trap[01].wast", "start0.wast", "store[0-2].wast", "traps0.wast"}},
	{Name: "bulk memory and tables", patterns: []string{
		"bulk.wast", "elem.wast", "memory_copy.wast", "memory_fill.wast", "memory_init.wast", "ref_func.wast", "ref_is_null.wast",
		"ref_null.wast", "table_*"}},
	{Name: "text format", patterns: []string{
		"comments.wast", "const.wast", "float_literals.wast", "id.wast", "inline-module.wast", "int_literals.wast",
		"obsolete-keywords.wast", "token.wast", "utf8-*", "names.wast"}},
	{Name: "everything else of the core", patterns: []string{"*.wast"}},
	{Name: "other scripts", patterns: []string{"*"}}, // the last one
}

// not64 are scripts whose names end like those of the 64-bit memories' and which are about something else.
var not64 = map[string]bool{"i64.wast": true, "f64.wast": true}

// GroupOf is the group of a script, by its path in the suite with slashes. Of a path that is not in the suite the end
// counts.
func GroupOf(name string) *Group {
	for _, part := range []string{"proposals/", "legacy/", "custom/"} {
		if i := strings.LastIndex("/"+name, "/"+part); i > 0 {
			name = name[i:]
		}
	}
	if g := groupOf(name); g != nil {
		return g
	}
	if g := groupOf(path.Base(name)); g != nil {
		return g
	}
	return groups[len(groups)-1]
}

func groupOf(name string) *Group {
	for _, g := range groups {
		for _, p := range g.patterns {
			if ok, _ := path.Match(p, name); ok && !(p == "*64.wast" && not64[name]) {
				return g
			}
		}
	}
	return nil
}
