package interp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

const (
	tryTable = byte(wasm.OpTryTable)
	throwOp  = byte(wasm.OpThrow)
	throwRf  = byte(wasm.OpThrowRef)
	tryOp    = byte(wasm.OpTry)
	catchOp  = byte(wasm.OpCatch)
	catchAll = byte(wasm.OpCatchAll)
	rethrow  = byte(wasm.OpRethrow)
	delegate = byte(wasm.OpDelegate)
	call_    = byte(wasm.OpCall)
	blk      = byte(wasm.OpBlock)
	ret      = byte(wasm.OpReturn)
	dropOp   = byte(wasm.OpDrop)
	add      = byte(wasm.OpI32Add)
	unreach  = byte(wasm.OpUnreachable)
	i32t     = byte(wasm.I32)
	i64t     = byte(wasm.I64)
	exnref   = byte(wasm.ExnRef)
)

// The types of exnModule, by index, and its tags.
const (
	typVoid    = iota // [] -> []
	typI32            // [i32] -> []
	typI32I32         // [i32] -> [i32]
	typRef            // [] -> [i32 exnref]
	typPair           // [i32 i64] -> []
	typPairs          // [] -> [i32 i64]
	typPairRef        // [] -> [i32 i64 exnref]
	typExn            // [exnref] -> []
	typExnRef         // [] -> [exnref exnref]
	typWide           // [v128 i32] -> []
	typWideRef        // [] -> [v128 i32 exnref]

	tagVoid = 0 // of typVoid
	tagI32  = 1 // of typI32
	tagPair = 2 // of typPair
	tagExn  = 3 // of typExn
	tagWide = 4 // of typWide
)

// exnFunc is a function of exnModule.
type exnFunc struct {
	typ  byte
	body []byte
}

// exnModule has the types and tags above; function 0 is exported as "f" and is [i32] -> [i32] with an i32, an exnref,
// four more i32 and a v128 as locals from 1 on, as have all others. Global 0 is a mutable i32. Import h.f, if wanted, comes first, of type typI32I32.
func exnModule(imports bool, funcs ...exnFunc) []byte {
	types := vec([]byte{0x60, 0, 0}, []byte{0x60, 1, i32t, 0}, []byte{0x60, 1, i32t, 1, i32t}, []byte{0x60, 0, 2, i32t, exnref},
		[]byte{0x60, 2, i32t, i64t, 0}, []byte{0x60, 0, 2, i32t, i64t}, []byte{0x60, 0, 3, i32t, i64t, exnref},
		[]byte{0x60, 1, exnref, 0}, []byte{0x60, 0, 2, exnref, exnref},
		[]byte{0x60, 2, byte(wasm.V128), i32t, 0}, []byte{0x60, 0, 3, byte(wasm.V128), i32t, exnref})
	var decls, bodies [][]byte
	for _, f := range funcs {
		decls = append(decls, []byte{f.typ})
		bodies = append(bodies, sized(join([]byte{4, 1, i32t, 1, exnref, 4, i32t, 1, byte(wasm.V128)}, f.body, []byte{end})))
	}
	parts := [][]byte{[]byte("\x00asm\x01\x00\x00\x00"), section(1, types)}
	first := byte(0)
	if imports {
		parts = append(parts, section(2, vec([]byte{1, 'h', 1, 'f', 0, typI32I32})))
		first = 1
	}
	parts = append(parts, section(3, vec(decls...)), section(13, vec([]byte{0, typVoid}, []byte{0, typI32}, []byte{0, typPair}, []byte{0, typExn}, []byte{0, typWide})),
		section(6, vec([]byte{i32t, 1, i32c, 0, end})),
		section(7, vec([]byte{1, 'f', 0, first}, []byte{1, 'e', 4, tagI32})), section(10, vec(bodies...)))
	return join(parts...)
}

// nothing is a function that returns: a safepoint.
var nothing = exnFunc{typVoid, nil}

// thrower throws its argument with tagI32; throwPair throws 7 and 1<<40 with tagPair, from two frames further up.
var (
	thrower   = exnFunc{typI32, []byte{get, 0, throwOp, tagI32}}
	throwPair = exnFunc{typVoid, []byte{i32c, 7, byte(wasm.OpI64Const), 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, throwOp, tagPair}}
)

type exnProgram struct {
	name  string
	funcs []exnFunc
	want  uint64
}

// exnPrograms are functions f with the value that they return for 5.
var exnPrograms = []exnProgram{
	{"a throw is caught in its own function", []exnFunc{{typI32I32, []byte{
		blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0, get, 0, throwOp, tagI32, end, i32c, 0, end}}}, 5},
	{"a throw is caught in the caller", []exnFunc{{typI32I32, []byte{
		blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0, get, 0, call_, 1, end, i32c, 0, end}}, thrower}, 5},
	{"a clause of another tag is passed by", []exnFunc{{typI32I32, []byte{
		blk, i32t, blk, 0x40, tryTable, 0x40, 2, 0, tagVoid, 0, 0, tagI32, 1, get, 0, call_, 1, end, end, i32c, 1, end}}, thrower}, 5},
	{"operands below the label's values stay", []exnFunc{{typI32I32, []byte{
		i32c, 30, blk, i32t, i32c, 9, tryTable, 0x40, 1, 0, tagI32, 0, i32c, 8, get, 0, call_, 1, dropOp, end, end, add}}, thrower}, 35},
	{"a clause may go to a loop", []exnFunc{{typI32I32, []byte{
		get, 0, loop, typI32I32, set, 1, tryTable, 0x40, 1, 0, tagI32, 0,
		get, 1, i32c, 20, byte(wasm.OpI32LtU), byte(wasm.OpIf), 0x40, get, 1, i32c, 1, add, throwOp, tagI32, end, end, get, 1, end}}}, 20},
	{"a clause may go to the function's end", []exnFunc{{typI32I32, []byte{
		i32c, 1, tryTable, 0x40, 1, 0, tagI32, 0, get, 0, call_, 1, end}}, thrower}, 5},
	{"catch_all takes nothing", []exnFunc{{typI32I32, []byte{
		blk, 0x40, tryTable, 0x40, 1, 2, 0, get, 0, call_, 1, end, i32c, 0, ret, end, get, 0, i32c, 2, add}}, thrower}, 7},
	{"catch_ref hands the exception on", []exnFunc{{typI32I32, []byte{
		blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0,
		blk, typRef, tryTable, 0x40, 1, 1, tagI32, 0, get, 0, call_, 1, end, unreach, end, call_, 2, throwRf, end, unreach, end}}, thrower, nothing}, 5},
	{"catch_all_ref too, through a local", []exnFunc{{typI32I32, []byte{
		blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0,
		blk, exnref, tryTable, 0x40, 1, 3, 0, get, 0, call_, 1, end, unreach, end, set, 2, call_, 2, get, 2, throwRf, end, unreach, end}}, thrower, nothing}, 5},
	{"values of two types come through two frames", []exnFunc{{typI32I32, []byte{
		blk, typPairs, tryTable, 0x40, 1, 0, tagPair, 0, call_, 1, end, unreach, end, call_, 3,
		byte(wasm.OpI64Const), 40, byte(wasm.OpI64ShrU), byte(wasm.OpI32WrapI64), add}}, {typVoid, []byte{call_, 2}}, throwPair, nothing}, 8},
	{"and with a reference", []exnFunc{{typI32I32, []byte{
		blk, typPairs, tryTable, 0x40, 1, 0, tagPair, 0,
		blk, typPairRef, tryTable, 0x40, 1, 1, tagPair, 0, call_, 1, end, unreach, end, call_, 3, throwRf, end, unreach, end,
		byte(wasm.OpI64Const), 40, byte(wasm.OpI64ShrU), byte(wasm.OpI32WrapI64), add}}, {typVoid, []byte{call_, 2}}, throwPair, nothing}, 8},
	{"what a local is set to before the throw is seen behind it", []exnFunc{{typI32I32, []byte{
		blk, 0x40, tryTable, 0x40, 1, 2, 0, i32c, 3, set, 1, get, 0, call_, 1, end, end, get, 1}}, thrower}, 3},
	{"an inner try is asked first, then the outer one", []exnFunc{{typI32I32, []byte{
		blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0,
		blk, 0x40, tryTable, 0x40, 1, 0, tagVoid, 0, throwOp, tagVoid, end, end,
		call_, 2, tryTable, 0x40, 0, get, 0, call_, 1, end, end, unreach, end}}, thrower, nothing}, 5},
	{"a tail call leaves the try", []exnFunc{{typI32I32, []byte{
		blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0, get, 0, call_, 1, dropOp, end, unreach, end}},
		{typI32I32, []byte{blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0, get, 0, byte(wasm.OpReturnCall), 2, end, unreach, end, i32c, 1, add}},
		{typI32I32, []byte{get, 0, throwOp, tagI32}}}, 5},

	{"a v128 takes two slots", []exnFunc{{typI32I32, []byte{
		i32c, 1, blk, typWideRef, tryTable, 0x40, 1, 1, tagWide, 0, get, 7, get, 0, throwOp, tagWide, end, unreach, end,
		call_, 1, set, 2, set, 1, dropOp, get, 1, add,
		blk, typWideRef, tryTable, 0x40, 1, 1, tagWide, 0, get, 2, throwRf, end, unreach, end, dropOp, set, 1, dropOp, get, 1, add}}, nothing}, 11},
	{"exceptions carry each other", []exnFunc{chain}, 5},

	{"legacy: a catch has the values", []exnFunc{{typI32I32, []byte{
		tryOp, i32t, get, 0, call_, 1, i32c, 1, catchOp, tagVoid, i32c, 2, catchOp, tagI32, call_, 2, i32c, 4, add, end}}, thrower, nothing}, 9},
	{"legacy: catch_all", []exnFunc{{typI32I32, []byte{
		i32c, 40, tryOp, i32t, get, 0, call_, 1, i32c, 1, catchOp, tagVoid, i32c, 2, catchAll, call_, 2, i32c, 3, end, add}}, thrower, nothing}, 43},
	{"legacy: no throw, no catch", []exnFunc{{typI32I32, []byte{
		tryOp, i32t, get, 0, catchAll, i32c, 3, end, i32c, 1, add}}}, 6},
	{"legacy: rethrow", []exnFunc{{typI32I32, []byte{
		tryOp, i32t, tryOp, i32t, get, 0, call_, 1, i32c, 1, catchAll, call_, 2, rethrow, 0, end, catchOp, tagI32, end}}, thrower, nothing}, 5},
	{"legacy: rethrow of the outer of two", []exnFunc{{typI32I32, []byte{
		tryOp, i32t, tryOp, i32t, get, 0, call_, 1, i32c, 1, catchAll,
		tryOp, i32t, throwOp, tagVoid, catchAll, call_, 2, rethrow, 1, end, end, catchOp, tagI32, end}}, thrower, nothing}, 5},
	{"legacy: a branch out of a catch drops what it holds", []exnFunc{{typI32I32, []byte{
		i32c, 10, blk, i32t, tryOp, 0x40, get, 0, call_, 1, catchOp, tagI32, call_, 2, byte(wasm.OpBr), 1, end, i32c, 0, end, add}}, thrower, nothing}, 15},
	{"legacy: delegate passes by the tries between", []exnFunc{{typI32I32, []byte{
		tryOp, i32t, tryOp, i32t, tryOp, i32t, get, 0, call_, 1, i32c, 1, delegate, 1, catchAll, i32c, 2, end, catchOp, tagI32, end}}, thrower}, 5},
	{"legacy: delegate to the caller", []exnFunc{{typI32I32, []byte{
		tryOp, i32t, get, 0, call_, 1, catchOp, tagI32, end}},
		{typI32I32, []byte{tryOp, i32t, tryOp, i32t, get, 0, throwOp, tagI32, delegate, 1, catchAll, i32c, 2, end}}}, 5},
	{"legacy: a try without catches", []exnFunc{{typI32I32, []byte{
		tryOp, i32t, tryOp, i32t, get, 0, call_, 1, i32c, 1, end, catchOp, tagI32, end}}, thrower}, 5},
	{"legacy: catch bodies that meet, with constants", []exnFunc{{typI32I32, []byte{
		tryOp, typPairs, throwOp, tagVoid, catchOp, tagI32, byte(wasm.OpI64Const), 1, catchAll, i32c, 7, byte(wasm.OpI64Const), 4, end,
		byte(wasm.OpI32WrapI64), add}}}, 11},
}

// chain makes a chain of as many exceptions as its argument says, each carrying the one before, and as many of no use; then it
// counts how many it can get out of each other.
var chain = exnFunc{typI32I32, []byte{
	loop, 0x40,
	blk, typRef, tryTable, 0x40, 1, 1, tagI32, 0, get, 0, throwOp, tagI32, end, unreach, end, dropOp, dropOp,
	blk, exnref, tryTable, 0x40, 1, 3, 0, get, 2, throwOp, tagExn, end, unreach, end, set, 2,
	get, 0, i32c, 1, byte(wasm.OpI32Sub), byte(wasm.OpLocalTee), 0, byte(wasm.OpBrIf), 0, end,
	loop, 0x40, get, 2, byte(wasm.OpRefIsNull), byte(wasm.OpI32Eqz), byte(wasm.OpIf), 0x40, get, 1, i32c, 1, add, set, 1,
	blk, exnref, tryTable, 0x40, 1, 0, tagExn, 0, get, 2, throwRf, end, unreach, end, set, 2, br, 1, end, end, get, 1}}

// Exceptions that can be reached survive collections.
func TestExceptionsAreCollected(t *testing.T) {
	m := load(t, exnModule(false, chain))
	s := NewStore(Config{})
	inst, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	const n = 300_000
	stack := []uint64{n}
	if err := s.NewThread().Call(context.Background(), inst.Func(0), stack); err != nil || stack[0] != n {
		t.Errorf("got %d, %v; want %d", stack[0], err, n)
	}
	if s.heap.stats.cycles == 0 {
		t.Error("nothing was collected")
	}
}

// An exception that carries another comes through a host function, while collections go on.
func TestHostThrowsReferences(t *testing.T) {
	m := load(t, exnModule(true, exnFunc{typI32I32, []byte{
		loop, 0x40,
		blk, typExnRef, tryTable, 0x40, 1, 1, tagExn, 0, get, 0, call_, 0, dropOp, end, unreach, end, dropOp, set, 2,
		blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0, get, 2, throwRf, end, unreach, end, get, 1, add, set, 1,
		get, 0, i32c, 1, byte(wasm.OpI32Sub), byte(wasm.OpLocalTee), 0, byte(wasm.OpBrIf), 0, end, get, 1}},
		exnFunc{typI32I32, []byte{blk, typRef, tryTable, 0x40, 1, 1, tagI32, 0, get, 0, throwOp, tagI32, end, unreach, end, throwOp, tagExn}}))
	s := NewStore(Config{})
	var inst *Instance
	h := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(c *Caller, stack []uint64) error {
		return c.CallBack(inst.Func(2), stack)
	}})
	inst, err := s.Instantiate(m, "", []Extern{{Func: h}})
	if err != nil {
		t.Fatal(err)
	}
	const n = 100_000
	stack := []uint64{n}
	if err := s.NewThread().Call(context.Background(), inst.Func(1), stack); err != nil || uint32(stack[0]) != n*(n+1)/2&(1<<32-1) {
		t.Errorf("got %d, %v; want %d", stack[0], err, uint32(n*(n+1)/2&(1<<32-1)))
	}
	if s.heap.stats.cycles == 0 {
		t.Error("nothing was collected")
	}
}

// What a host function throws is checked like what it returns.
func TestHostThrowsNonsense(t *testing.T) {
	m := load(t, exnModule(true, exnFunc{typI32I32, []byte{blk, 0x40, tryTable, 0x40, 1, 2, 0, get, 0, call_, 0, dropOp, end, end, i32c, 1}}))
	other := NewStore(Config{})
	foreign, err := other.AddTag(wasm.FuncType{})
	if err != nil {
		t.Fatal(err)
	}
	s := NewStore(Config{})
	var x *Exception
	h := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(*Caller, []uint64) error { return x }})
	inst, err := s.Instantiate(m, "", []Extern{{Func: h}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		x    *Exception
	}{
		{"no tag", &Exception{}},
		{"another store's tag", &Exception{Tag: foreign}},
		{"too few values", &Exception{Tag: inst.Tag(tagI32)}},
		{"a reference to nothing", &Exception{Tag: inst.Tag(tagExn), Values: []uint64{1<<63 | 0x1234567}}},
		{"the embedder's reference for an exception", &Exception{Tag: inst.Tag(tagExn), Values: []uint64{7}}},
	} {
		x = tt.x
		var host *HostError
		if err := s.NewThread().Call(context.Background(), inst.Func(1), []uint64{1}); !errors.As(err, &host) || err.Error() == "" {
			t.Errorf("%s: %v, want a host error", tt.name, err)
		}
	}
}

// The view has the store's tags, and in the body of a legacy catch the exception below the body's operands. A view whose
// tags do not fit is refused.
func TestExceptionsInView(t *testing.T) {
	m := load(t, exnModule(false, exnFunc{typI32I32, []byte{
		i32c, 8, tryOp, 0x40, get, 0, throwOp, tagI32, catchOp, tagI32, call_, 1, dropOp, end}}, nothing))
	env := Env{Module: func(*state.Module) (*Module, error) { return m, nil }}
	for _, tt := range []struct {
		name  string
		spoil func(p *state.Program)
	}{
		{"", func(*state.Program) {}},
		{"a tag of a type that is not there", func(p *state.Program) { p.Tags[1].Type = 99 }},
		{"a tag whose type has results", func(p *state.Program) { p.Tags[1].Type = typI32I32 }},
		{"a tag of another type", func(p *state.Program) { p.Tags[1].Type = typVoid }},
		{"an address without a tag", func(p *state.Program) { p.Instances[0].Tags[1] = 5 }},
		{"too few tags", func(p *state.Program) { p.Instances[0].Tags = p.Instances[0].Tags[:4] }},
	} {
		s := NewStore(smallMemories)
		inst, err := s.Instantiate(m, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		s.CountSafepoints(0, 2, func(uint64) uint64 {
			err := s.Checkpoint(context.Background(), true, func(p *state.Program) error {
				stack := p.Threads[0].Frames[0].Stack
				if len(p.Tags) != 5 || len(p.Instances[0].Tags) != 5 || len(stack) != 3 || stack[0].Bits != 8 ||
					stack[1].Type != wasm.ExnRef || state.RefKind(stack[1].Bits>>state.RefShift) != state.RefObject || stack[2].Bits != 5 {
					t.Errorf("tags %v, of the instance %v, operands %+v", p.Tags, p.Instances[0].Tags, stack)
				}
				p.Threads = nil
				tt.spoil(p)
				if err := NewStore(smallMemories).Restore(p, env); tt.name == "" && err != nil || tt.name != "" && !errors.Is(err, ErrRestore) {
					t.Errorf("%q: %v", tt.name, err)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			return 0
		})
		if err := s.NewThread().Call(context.Background(), inst.Func(0), []uint64{5}); !errors.Is(err, ErrStopped) {
			t.Fatal(err)
		}
	}
}

// Entering and leaving a try_table emits nothing.
func TestTryTableEmitsNothing(t *testing.T) {
	work := []byte{get, 1, get, 0, add, set, 1, get, 1, call_, 1, set, 1}
	var lists []string
	for _, body := range [][]byte{work, append(append([]byte{blk, 0x40, tryTable, 0x40, 1, 2, 0}, work...), end, end)} {
		body = append(append([]byte{loop, 0x40}, body...), get, 0, byte(wasm.OpBrIf), 0, end, get, 0)
		m := load(t, exnModule(false, exnFunc{typI32I32, body}, exnFunc{typI32I32, []byte{get, 0}}))
		lists = append(lists, listing(m, 0))
	}
	if lists[0] != lists[1] {
		t.Errorf("with a try_table the code is\n%s, without\n%s", lists[1], lists[0])
	}
}

func TestExceptions(t *testing.T) {
	for _, tt := range exnPrograms {
		t.Run(tt.name, func(t *testing.T) {
			m := load(t, exnModule(false, tt.funcs...))
			for _, step := range []uint64{0, 1, 2, 3} {
				if got, err := wander(t, m, step, 5); err != nil || got != tt.want {
					t.Errorf("travelling every %d safepoints gave %d, %v; want %d", step, got, err, tt.want)
				}
			}
			if t.Failed() {
				for k := range tt.funcs {
					t.Log(listing(m, uint32(k)))
				}
			}
		})
	}
}

// wander runs f and moves it into a store of its own at every step-th safepoint.
func wander(t *testing.T, m *Module, step, arg uint64) (uint64, error) {
	t.Helper()
	env := Env{Module: func(*state.Module) (*Module, error) { return m, nil }}
	s := NewStore(smallMemories)
	inst, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var next *Store
	arm := func() {
		if step == 0 {
			return
		}
		s.CountSafepoints(0, step, func(uint64) uint64 {
			next = NewStore(smallMemories)
			if err := s.Checkpoint(context.Background(), true, func(p *state.Program) error { return next.Restore(p, env) }); err != nil {
				t.Error(err)
			}
			return 0
		})
	}
	th := s.NewThread()
	arm()
	f, _ := inst.Export("f")
	results := []uint64{arg}
	err = th.Call(context.Background(), f.Func, results)
	for errors.Is(err, ErrStopped) {
		s = next
		arm()
		results, err = s.Threads()[0].Resume(context.Background())
	}
	if err != nil {
		return 0, err
	}
	return results[0], nil
}

// An exception that nobody catches is the call's error, with its values and where it was thrown.
func TestUncaughtException(t *testing.T) {
	m := load(t, exnModule(false, exnFunc{typI32I32, []byte{
		blk, 0x40, tryTable, 0x40, 1, 0, tagVoid, 0, get, 0, call_, 1, end, end, unreach}}, thrower))
	s := NewStore(Config{})
	inst, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := inst.Export("f")
	e, _ := inst.Export("e")
	th := s.NewThread()
	for range 2 {
		var x *Exception
		err = th.Call(context.Background(), f.Func, []uint64{42})
		if !errors.As(err, &x) || x.Tag != e.Tag || len(x.Values) != 1 || x.Values[0] != 42 || len(x.Trace) != 2 || x.Trace[0].Func != 1 || th.Depth() != 0 {
			t.Fatalf("got %v at depth %d, want an exception with 42", err, th.Depth())
		}
	}
}

// Traps, exhaustion among them, are not exceptions.
func TestTrapsAreNotCaught(t *testing.T) {
	for _, tt := range []struct {
		name string
		f    exnFunc
		want TrapCode
	}{
		{"unreachable", exnFunc{typI32I32, []byte{blk, 0x40, tryTable, 0x40, 1, 2, 0, unreach, end, end, i32c, 1}}, TrapUnreachable},
		{"recursion", exnFunc{typI32I32, []byte{blk, 0x40, tryTable, 0x40, 1, 2, 0, get, 0, call_, 0, dropOp, end, end, i32c, 1}}, TrapStackExhausted},
		{"legacy", exnFunc{typI32I32, []byte{tryOp, i32t, unreach, catchAll, i32c, 1, end}}, TrapUnreachable},
		{"throw_ref of null", exnFunc{typI32I32, []byte{blk, 0x40, tryTable, 0x40, 1, 2, 0, get, 2, throwRf, end, end, i32c, 1}}, TrapNullException},
	} {
		m := load(t, exnModule(false, tt.f))
		if _, err := run(t, m, Config{MaxStack: 1 << 16}, 1); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// A host function throws by returning an exception, whether of its own or one that a call back has left.
func TestHostThrows(t *testing.T) {
	catching := []byte{blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0, get, 0, call_, 0, dropOp, end, unreach, end}
	for _, tt := range []struct {
		name string
		body []byte
		want uint64
		err  bool
	}{
		{"caught where the call is", catching, 105, false},
		{"caught with a reference", []byte{blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0,
			blk, typRef, tryTable, 0x40, 1, 1, tagI32, 0, get, 0, call_, 0, dropOp, end, unreach, end, throwRf, end, unreach, end}, 105, false},
		{"a tail call's is not", []byte{blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0, get, 0, byte(wasm.OpReturnCall), 0, end, unreach, end}, 105, true},
		{"a tail call's is caught further down", []byte{blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0, get, 0, call_, 3, dropOp, end, unreach, end, i32c, 1, add}, 106, false},
		{"uncaught", []byte{get, 0, call_, 0}, 105, true},
	} {
		for _, back := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, call back %v", tt.name, back), func(t *testing.T) {
				m := load(t, exnModule(true, exnFunc{typI32I32, tt.body}, exnFunc{typI32I32, thrower.body},
					exnFunc{typI32I32, []byte{blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0, get, 0, byte(wasm.OpReturnCall), 0, end, unreach, end}}))
				s := NewStore(Config{})
				var inst *Instance
				h := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(c *Caller, stack []uint64) error {
					if back {
						return fmt.Errorf("passed on: %w", c.CallBack(inst.Func(2), []uint64{stack[0] + 100}))
					}
					return &Exception{Tag: inst.Tag(tagI32), Values: []uint64{stack[0] + 100}}
				}})
				inst, err := s.Instantiate(m, "", []Extern{{Func: h}})
				if err != nil {
					t.Fatal(err)
				}
				f, _ := inst.Export("f")
				stack := []uint64{5}
				err = s.NewThread().Call(context.Background(), f.Func, stack)
				var x *Exception
				switch {
				case tt.err:
					if !errors.As(err, &x) || x.Values[0] != tt.want {
						t.Errorf("got %v, want an exception with %d", err, tt.want)
					}
				case err != nil || stack[0] != tt.want:
					t.Errorf("got %d, %v; want %d", stack[0], err, tt.want)
				}
			})
		}
	}
}

// A frame of another instance catches with its own tags and memory, and tags tell instances of one module apart.
func TestExceptionsCrossInstances(t *testing.T) {
	throwing := load(t, exnModule(false, exnFunc{typI32I32, thrower.body}))
	catching := load(t, exnModule(true, exnFunc{typI32I32, []byte{
		blk, 0x40, blk, i32t, tryTable, 0x40, 2, 0, tagI32, 0, 2, 1, get, 0, call_, 0, dropOp, end, unreach, end, ret, end, i32c, 55}}))
	sharing := load(t, sharingModule())
	s := NewStore(Config{})
	a, err := s.Instantiate(throwing, "a", nil)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := a.Export("f")
	e, _ := a.Export("e")
	b, err := s.Instantiate(catching, "b", []Extern{{Func: f.Func}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Instantiate(sharing, "c", []Extern{{Func: f.Func}, {Tag: e.Tag}})
	if err != nil {
		t.Fatal(err)
	}
	th := s.NewThread()
	for _, tt := range []struct {
		inst *Instance
		want uint64
	}{{b, 55}, {c, 5 + 11}} {
		g, _ := tt.inst.Export("f")
		stack := []uint64{5}
		if err := th.Call(context.Background(), g.Func, stack); err != nil || stack[0] != tt.want {
			t.Errorf("instance %s: %d, %v; want %d", tt.inst.Name(), stack[0], err, tt.want)
		}
	}
	if _, err := s.Instantiate(sharing, "", []Extern{{Func: f.Func}, {Tag: a.Tag(tagVoid)}}); !errors.Is(err, ErrLink) {
		t.Errorf("a tag of another type was linked: %v", err)
	}
	tag, err := s.AddTag(wasm.FuncType{Params: []wasm.ValType{wasm.I32}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Instantiate(sharing, "", []Extern{{Func: f.Func}, {Tag: tag}}); err != nil {
		t.Errorf("the embedder's tag of the same type was not linked: %v", err)
	}
	if _, err := s.AddTag(wasm.FuncType{Results: []wasm.ValType{wasm.I32}}); err == nil {
		t.Error("a tag with results was made")
	}
}

// sharingModule imports h.f and the tag h.e; f adds what it catches of h.f to its memory's first word, which is 11.
func sharingModule() []byte {
	body := []byte{1, 1, i32t, blk, i32t, tryTable, 0x40, 1, 0, 0, 0, get, 0, call_, 0, dropOp, end, unreach, end,
		i32c, 0, byte(wasm.OpI32Load), 2, 0, add, end}
	return join([]byte("\x00asm\x01\x00\x00\x00"), section(1, vec([]byte{0x60, 1, i32t, 0}, []byte{0x60, 1, i32t, 1, i32t})),
		section(2, vec([]byte{1, 'h', 1, 'f', 0, 1}, []byte{1, 'h', 1, 'e', 4, 0, 0})), section(3, vec([]byte{1})),
		section(5, []byte{1, 0, 1}), section(7, vec([]byte{1, 'f', 0, 1})), section(10, vec(sized(body))),
		section(11, vec([]byte{0, i32c, 0, end, 1, 11})))
}

// Lowering and throwing take time in proportion to the code, however tries and blocks nest.
func TestTriesNestDeep(t *testing.T) {
	for kind, name := range []string{"try_table", "try", "delegate"} {
		t.Run(name, func(t *testing.T) {
			growsLess(t, 9, 7_500, func(n int) {
				m := load(t, exnModule(false, exnFunc{typI32I32, join([]byte{blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0}, nestedTries(n)[kind], []byte{end, i32c, 0, end})}, nothing))
				if got, err := run(t, m, Config{}, 5); err != nil || got[0] != 5 {
					t.Errorf("got %v, %v; want 5", got, err)
				}
			})
		})
	}
}

// nestedTries are bodies in which n tries of each kind nest, and something is thrown that none of them catches.
func nestedTries(n int) [3][]byte {
	var tables, legacy, delegates []byte
	for k := range n {
		tables = append(append(tables, tryTable, 0x40, 1, 0, tagVoid), uleb(k)...)
		legacy = append(legacy, tryOp, 0x40)
		delegates = append(delegates, blk, 0x40)
	}
	tables = append(append(append([]byte{blk, 0x40}, tables...), get, 0, throwOp, tagI32), bytes.Repeat([]byte{end}, n+1)...)
	legacy = append(legacy, get, 0, throwOp, tagI32)
	for range n {
		legacy = append(legacy, catchOp, tagVoid, end)
	}
	for range n {
		delegates = append(append(delegates, tryOp, 0x40, call_, 1, delegate), uleb(n-1)...)
	}
	delegates = append(append(delegates, get, 0, throwOp, tagI32), bytes.Repeat([]byte{end}, n)...)
	return [3][]byte{tables, legacy, delegates}
}

// BenchmarkExceptions is nanoseconds for a throw with its catch, or for an iteration of a loop with and without a
// try_table that nothing is thrown in.
func BenchmarkExceptions(b *testing.B) {
	repeat := func(body ...byte) []byte {
		return append(append([]byte{loop, 0x40}, body...), get, 0, i32c, 1, byte(wasm.OpI32Sub), byte(wasm.OpLocalTee), 0, byte(wasm.OpBrIf), 0, end, get, 0)
	}
	work := []byte{get, 1, get, 0, byte(wasm.OpI32Xor), i32c, 3, byte(wasm.OpI32Rotl), set, 1, get, 1, call_, 1, set, 1}
	trying := func(body []byte) []byte {
		return append(append([]byte{blk, 0x40, tryTable, 0x40, 1, 2, 0}, body...), end, end)
	}
	identity := exnFunc{typI32I32, []byte{get, 0}}
	for _, tt := range []struct {
		name  string
		funcs []exnFunc
	}{
		{"same function", []exnFunc{{typI32I32, repeat(blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0, get, 0, throwOp, tagI32, end, i32c, 0, end, set, 1)}}},
		{"same function, with a reference", []exnFunc{{typI32I32, repeat(blk, typRef, tryTable, 0x40, 1, 1, tagI32, 0, get, 0, throwOp, tagI32, end, unreach, end, set, 2, set, 1)}}},
		{"same function, legacy", []exnFunc{{typI32I32, repeat(tryOp, i32t, get, 0, throwOp, tagI32, catchOp, tagI32, end, set, 1)}}},
		{"10 frames", []exnFunc{{typI32I32, repeat(blk, i32t, tryTable, 0x40, 1, 0, tagI32, 0, i32c, 9, call_, 1, end, i32c, 0, end, set, 1)},
			{typI32, []byte{get, 0, byte(wasm.OpIf), 0x40, get, 0, i32c, 1, byte(wasm.OpI32Sub), call_, 1, byte(wasm.OpElse), get, 0, throwOp, tagI32, end}}}},
		{"10 frames, returning", []exnFunc{{typI32I32, repeat(i32c, 9, call_, 1)},
			{typI32, []byte{get, 0, byte(wasm.OpIf), 0x40, get, 0, i32c, 1, byte(wasm.OpI32Sub), call_, 1, end}}}},
		{"try that nothing is thrown in", []exnFunc{{typI32I32, repeat(trying(work)...)}, identity}},
		{"no try", []exnFunc{{typI32I32, repeat(work...)}, identity}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			m, err := wasm.Decode(exnModule(false, tt.funcs...), wasm.DefaultFeatures)
			if err != nil {
				b.Fatal(err)
			}
			s := NewStore(Config{})
			inst, err := s.Instantiate(NewModule(m), "", nil)
			if err != nil {
				b.Fatal(err)
			}
			f, _ := inst.Export("f")
			if err := s.NewThread().Call(context.Background(), f.Func, []uint64{uint64(max(b.N, 1))}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
