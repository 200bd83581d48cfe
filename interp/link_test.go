package interp

import (
	"errors"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

// An import is given what matches its type (specification 3.3.7): functions and immutable globals of subtypes, everything
// else of the same type. Types are named by each module's own indices.
func TestImportsMatchBySubtyping(t *testing.T) {
	exporter := groups(alone(open(structOf())), alone(open(below(0, structOf(mutable(wasm.I32))))),
		alone(open(funcOf(nil, []wasm.ValType{wasm.RefTo(0, true)}))), alone(below(2, funcOf(nil, []wasm.ValType{wasm.RefTo(1, true)}))),
		alone(funcOf(i32s, nil)))
	importer := append(groups(alone(arrayOf(wasm.I8))), shifted(exporter, 1)...)
	const base, sub, funcBase, funcSub, other = 0, 1, 2, 3, 4
	ref := func(k uint32) wasm.ValType { return wasm.RefTo(k, true) }

	s := NewStore(Config{})
	from := &Instance{store: s, module: NewModule(&wasm.Module{Types: exporter})}
	if err := from.internTypes(); err != nil {
		t.Fatal(err)
	}
	function := func(k uint32) Extern { return Extern{Func: &Func{typeID: from.typeIDs[k], typ: &exporter[k].FuncType}} }
	global := func(typ wasm.ValType, mutable bool) Extern {
		return Extern{Global: s.AddGlobal(wasm.GlobalType{Type: from.storeType(typ), Mutable: mutable}, 0)}
	}
	table := func(typ wasm.ValType) Extern {
		tab, err := s.AddTable(wasm.TableType{Elem: from.storeType(typ)})
		if err != nil {
			t.Fatal(err)
		}
		return Extern{Table: tab}
	}
	// Types below are of the exporter; the importer has each at an index one higher.
	wantFunc := func(k uint32) wasm.Import { return wasm.Import{Kind: wasm.ExternFunc, Type: k + 1} }
	wantGlobal := func(typ wasm.ValType, mutable bool) wasm.Import {
		return wasm.Import{Kind: wasm.ExternGlobal, Global: wasm.GlobalType{Type: up(typ, 1), Mutable: mutable}}
	}
	wantTable := func(typ wasm.ValType) wasm.Import {
		return wasm.Import{Kind: wasm.ExternTable, Table: wasm.TableType{Elem: up(typ, 1)}}
	}
	for _, tt := range []struct {
		name string
		want wasm.Import
		have Extern
		ok   bool
	}{
		{"the same function type", wantFunc(funcBase), function(funcBase), true},
		{"a function of a subtype", wantFunc(funcBase), function(funcSub), true},
		{"a function of a supertype", wantFunc(funcSub), function(funcBase), false},
		{"another function type", wantFunc(other), function(funcBase), false},
		{"a constant of the same type", wantGlobal(ref(base), false), global(ref(base), false), true},
		{"a constant of a subtype", wantGlobal(ref(base), false), global(ref(sub), false), true},
		{"a constant of a supertype", wantGlobal(ref(sub), false), global(ref(base), false), false},
		{"a constant of an abstract supertype", wantGlobal(wasm.AnyRef, false), global(ref(sub), false), true},
		{"a constant of another hierarchy", wantGlobal(wasm.AnyRef, false), global(ref(funcBase), false), false},
		{"a variable of the same type", wantGlobal(ref(base), true), global(ref(base), true), true},
		{"a variable of a subtype", wantGlobal(ref(base), true), global(ref(sub), true), false},
		{"a variable for a constant", wantGlobal(ref(base), false), global(ref(base), true), false},
		{"a table of the same type", wantTable(ref(base)), table(ref(base)), true},
		{"a table of a subtype", wantTable(ref(base)), table(ref(sub)), false},
		{"nothing", wantTable(ref(base)), Extern{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			to := &Instance{store: s, module: NewModule(&wasm.Module{Types: importer})}
			if err := to.internTypes(); err != nil {
				t.Fatal(err)
			}
			err := to.link(&tt.want, tt.have)
			if tt.ok && err != nil || !tt.ok && !errors.Is(err, ErrLink) {
				t.Errorf("linking gave %v", err)
			}
		})
	}
}

// up is t with an index n higher, shifted types that stand n further behind.
func up(t wasm.ValType, n uint32) wasm.ValType {
	return rename(t, func(k uint32) uint32 { return k + n })
}

func shifted(defs []wasm.TypeDef, n uint32) (out []wasm.TypeDef) {
	for _, d := range defs {
		moved := renameDef(&d, func(k uint32) uint32 { return k + n })
		moved.Canon, moved.Group, moved.GroupLen = d.Canon+n, d.Group+n, d.GroupLen
		out = append(out, moved)
	}
	return out
}

// call_indirect takes a function whose type is a subtype of the one it names.
func TestCallIndirectTakesSubtypes(t *testing.T) {
	const indirect = byte(wasm.OpCallIndirect)
	for _, tt := range []struct {
		name string
		typ  byte // that the call names
		want error
	}{{"the type", 2, nil}, {"a supertype", 1, nil}, {"another type", 0, TrapIndirectCallTypeMismatch}} {
		t.Run(tt.name, func(t *testing.T) {
			// Types: [] -> [i32]; an open one of the same, a subtype of that. Function 1 is of the last.
			bin := join([]byte("\x00asm\x01\x00\x00\x00"),
				section(1, vec([]byte{0x60, 0, 1, i32t}, []byte{0x50, 0, 0x60, 0, 1, i32t}, []byte{0x50, 1, 1, 0x60, 0, 1, i32t})),
				section(3, vec([]byte{0}, []byte{2})), section(4, vec([]byte{0x70, 0, 1})), section(7, vec([]byte{1, 'f', 0, 0})),
				section(9, vec([]byte{0, i32c, 0, end, 1, 1})),
				section(10, vec(sized([]byte{0, i32c, 0, indirect, tt.typ, 0, end}), sized([]byte{0, i32c, 7, end}))))
			stack, err := run(t, load(t, bin), Config{}, 0)
			if !errors.Is(err, tt.want) || err == nil && stack[0] != 7 {
				t.Errorf("got %d, %v; want %v", stack[0], err, tt.want)
			}
		})
	}
}
