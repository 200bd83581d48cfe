package jit

import (
	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Guesses. What a call_indirect or call_ref calls is known when it runs. Where there is reason to believe that it is always one of few functions of the
// same instance, the reference is compared with those before anything else is made of it:
//
//	if ref == first + (fn - imported)	first: interp.WordFirst
//		call of fn, or its body			neither null nor of another type
//	else if ...
//	else
//		what it takes to call any function, out of the way
//
// The comparison says neither where in memory nor in which instance a function is, so the code is good for all instances, and for other
// processes. It is made at every call: tables may change whenever somebody else runs.
//
// In place of the general call a region has a side exit, at which the interpreter notes what is called (interp/record_calls.go). So values stay
// in registers around what is inlined. Where there is a general call, whose way loses all registers, the others leave theirs, too, before they meet it:
// loading on one way what another has in registers took longer than no guess.

// noTable stands for the table of a call_ref.
const noTable = -1

// guess are the functions that a call of type typ through an element of a table is expected to call.
func (b *builder) guess(typ uint32, table int) []uint32 {
	at := b.point(b.pos)
	if at == nil {
		return nil
	}
	fns, others := b.mod.Callees(b.fn, at)
	if others {
		return nil
	}
	if len(fns) == 0 {
		if fn := b.candidate(typ, table); fn != interp.NoCallee {
			fns = []uint32{fn}
		}
	}
	for _, fn := range fns {
		if b.m.Types[b.m.FuncTypes[fn]].Canon != b.m.Types[typ].Canon {
			return nil // a subtype
		}
	}
	return fns
}

// candidate is the only function of type typ that the module puts into a table in the beginning, and that it defines, or NoCallee.
func (b *builder) candidate(typ uint32, table int) uint32 {
	if table == noTable {
		return interp.NoCallee
	}
	key := tableType{uint32(table), b.m.Types[typ].Canon}
	fn, ok := b.candidates[key]
	if !ok {
		fn = candidate(b.m, key)
		if b.candidates == nil {
			b.candidates = map[tableType]uint32{}
		}
		b.candidates[key] = fn
	}
	return fn
}

// tableType is a table and a type of functions in it, a wasm.TypeDef.Canon.
type tableType struct{ table, typ uint32 }

func candidate(m *wasm.Module, of tableType) uint32 {
	only, left := uint32(interp.NoCallee), maxCandidates
	for i := range m.Elems {
		e := &m.Elems[i]
		if e.Mode != wasm.SegmentActive || e.Table != of.table {
			continue
		}
		if left -= len(e.Funcs); left < 0 {
			return interp.NoCallee
		}
		for _, fn := range e.Funcs {
			if m.Types[m.FuncTypes[fn]].Canon != of.typ || fn == only {
				continue
			}
			if only != interp.NoCallee || int(fn) < m.NumImportedFuncs {
				return interp.NoCallee
			}
			only = fn
		}
	}
	return only
}

// callThrough calls what ref refers to, a function of type typ if it can be called at all; top is the operand that said so, which is no longer on the stack.
// It is expected to be one of fns. general builds the call of any function.
func (b *builder) callThrough(typ uint32, top operand, ref *ir.Value, fns []uint32, general func()) {
	if len(fns) == 0 {
		b.keep(top)
		general()
		return
	}
	b.f.Guessed++
	base, results, live := len(b.stack)-len(b.m.Types[typ].Params), b.m.Types[typ].Results, b.live()
	var edges []edge
	ends := func() {
		if b.cur != nil {
			edges = append(edges, edge{b.cur, b.copyLocals(), b.copyStack()})
		}
	}
	for _, fn := range fns {
		own := b.constant(ir.I64, uint64(int(fn)-b.m.NumImportedFuncs))
		own = b.value(wasm.OpI64Add, ir.I64, b.instWord(interp.WordFirst), own)
		hit, miss := b.branchOn(b.value(wasm.OpI64Eq, ir.I32, ref, own))
		rest := edge{miss, b.copyLocals(), b.copyStack()}
		b.cur = hit
		if b.call(fn); !b.recorded() && b.cur != nil {
			b.settle(live, len(results))
		}
		ends()
		b.restore(&rest)
	}
	b.cur.Cold = true
	if b.recorded() {
		b.missExit(top)
	} else {
		b.keep(top)
		general()
		ends()
	}
	if b.meet(edges, live, len(results)); b.cur == nil {
		b.dropTo(base, results)
	}
}

// settle leaves everything but the top n operands in its slot only, as a call does.
func (b *builder) settle(live bitset, n int) {
	below := len(b.stack) - n
	top := append([]operand(nil), b.stack[below:]...)
	b.stack = b.stack[:below]
	b.flush(live, 0)
	b.forget()
	b.stack = append(b.stack, top...)
}

// keep brings the slot of an operand up to date that was popped just now: a host function that waits is called again, by the interpreter.
func (b *builder) keep(o operand) {
	if !o.clean {
		b.store(int(o.home), o.v)
	}
}

// missExit ends the block: the interpreter does the call.
func (b *builder) missExit(top operand) {
	v := b.f.Append(b.cur, ir.OpExit, ir.Void)
	v.Site = b.site(interp.SiteSide)
	v.Site.Point = int(b.point(b.pos).Last)
	v.Site.State = b.state(b.live(), b.locals, append(b.stack, top))
	b.cur = nil
}
