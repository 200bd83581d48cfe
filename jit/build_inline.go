package jit

import (
	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Inlining. A call of a small function is built as the function's body. Its frame is where the call's would be, so its locals and
// operands have slots in the unit's frame, above the caller's:
//
//	unit's own frame                                inlined
//	| locals | operands … | arg 0 | arg 1 |         | local 0 | local 1 | more locals | operands … |
//	^ frame register      ^ NativeInline.Base
//
// For building, the environment is one: locals and operands of the function follow those of its callers, with bits of their own in every set of
// live locals, and what a caller will still want is live wherever the body ends. So everything that leaves from within brings the slots of all
// frames up to date as it would those of one, and where ways meet variables of callers meet as well. Values of callers stay in
// registers while nothing in the body leaves; that is what inlining is for, beside what the passes find in the joined code.
//
// The interpreter enters the function all the same, as far as anybody can see: each site names the frames that it stands in
// (ir.Site.Inlined), and where safepoints are counted the entry is one. Elsewhere nobody misses it: every loop and every recursion has others.

// inlining is what has been found out of functions, and how much has been inlined.
type inlining struct {
	fits  map[uint32]*interp.NativePoints // nil of a function that does not fit
	bytes int                             // of bodies
}

// inlines tells whether a call of function index, which the module defines, is to be inlined.
func (b *builder) inlines(index uint32) bool {
	if b.opt.NoInline || b.inlined.Frames() >= maxInlineDepth || b.err != nil {
		return false
	}
	n := bodyLen(b.mod, index)
	if n > maxInlineBody || b.inlining.bytes+n > maxInlined || b.builds(index) {
		return false
	}
	if b.point(b.offset()) == nil {
		return false // the interpreter has no place behind the call
	}
	points, known := b.inlining.fits[index]
	if !known {
		if b.inlining.fits == nil {
			b.inlining.fits = map[uint32]*interp.NativePoints{}
		}
		if b.fits(index) {
			points, b.err = b.mod.NativePoints(index, -1)
		}
		b.inlining.fits[index] = points
	}
	if points == nil || b.home()+points.Room > maxSlots {
		return false
	}
	// The unit needs something, too, of what its limits allow.
	return b.f.NumValues()+points.Room <= maxValues/2 && b.copied+len(b.locals)+points.Room <= maxCopied/2
}

// builds tells whether function index is being inlined already. A unit's own function may be, once.
func (b *builder) builds(index uint32) bool {
	for n := b.inlined; n != nil; n = n.Parent {
		if n.Func == index {
			return true
		}
	}
	return false
}

// fits tells whether a function can be inlined and it is worth the while: nothing in it is left to the interpreter, and it has no loop, which
// would take longer than any call.
func (b *builder) fits(index uint32) bool {
	body := b.code(index)
	r := bodyReader{b: body.Body, base: body.Offset}
	for r.p < len(r.b) {
		switch w := r.op(); w {
		case wasm.OpLoop, wasm.OpTry, wasm.OpTryTable, wasm.OpCatch, wasm.OpCatchAll, wasm.OpDelegate,
			wasm.OpThrow, wasm.OpThrowRef, wasm.OpRethrow,
			wasm.OpReturnCall, wasm.OpReturnCallIndirect, wasm.OpReturnCallRef,
			wasm.OpBrOnCast, wasm.OpBrOnCastFail, wasm.OpBrOnCastDescEq, wasm.OpBrOnCastDescEqFail:
			return false
		case wasm.OpCall:
			if int(r.u32()) < b.m.NumImportedFuncs {
				return false
			}
		case wasm.OpBlock, wasm.OpIf, wasm.OpElse, wasm.OpEnd, wasm.OpBr, wasm.OpBrIf, wasm.OpBrTable, wasm.OpBrOnNull, wasm.OpBrOnNonNull,
			wasm.OpReturn, wasm.OpUnreachable, wasm.OpLocalGet, wasm.OpLocalSet, wasm.OpLocalTee, wasm.OpCallIndirect, wasm.OpCallRef:
			r.skip(w)
		default:
			if b.leaves(w, &r) {
				return false
			}
		}
	}
	return true
}

// code is the body of function index, which the module defines.
func (b *builder) code(index uint32) *wasm.Code { return &b.m.Code[int(index)-b.m.NumImportedFuncs] }

// inline builds a call of function index as its body.
func (b *builder) inline(index uint32) {
	points, body, ft := b.inlining.fits[index], b.code(index), b.m.FuncType(index)
	b.inlining.bytes += len(body.Body)
	base := len(b.stack) - len(ft.Params)
	args := append([]operand(nil), b.stack[base:]...)
	b.stack = b.stack[:base]
	slot, live, back := b.home(), b.live(), b.point(b.offset())
	caller, pos, types, refs := b.activation, b.pos, len(b.localTypes), b.refs
	b.activation = activation{
		bodyReader: bodyReader{b: body.Body, base: body.Offset}, fn: index, loop: -1, ftype: ft, points: points,
		caller: &caller, firstLocal: types, firstOperand: base, operands: slot,
		inlined: &interp.NativeInline{Parent: caller.inlined, Func: index, Point: back.Index, Base: int32(slot), Depth: int32(caller.inlined.Frames() + 1)},
	}
	b.declareLocals(body)
	b.f.Inlined++
	b.f.Room = max(b.f.Room, slot+points.Room)
	edges := b.inlineBody(args, live)
	b.activation, b.pos = caller, pos
	b.localTypes, b.localSlots, b.refs, b.locals = b.localTypes[:types], b.localSlots[:types], refs, b.locals[:types]
	b.labels = b.labels[:len(b.labels)-1]
	if b.done = false; b.err != nil {
		return
	}
	if b.meet(edges, live, len(ft.Results)); b.cur == nil {
		b.dropTo(base, ft.Results)
	}
}

// inlineBody builds the body of an activation that has just begun with the arguments; live is what its callers want. It returns the ways to
// its end.
func (b *builder) inlineBody(args []operand, live bitset) []edge {
	own := b.locals[b.firstLocal:]
	for i := range own {
		if i < len(args) {
			own[i] = args[i].variable
		} else {
			own[i].v = b.constant(ir.TypeOf(b.localTypes[b.firstLocal+i]), 0)
		}
	}
	b.sc = scan{bodyReader: b.bodyReader, b: b, floor: live}
	if b.sc.run(); b.err != nil {
		b.labels = append(b.labels, label{})
		return nil
	}
	b.labels = append(b.labels, label{kind: wasm.OpCall, open: -1, height: b.firstOperand, results: b.ftype.Results})
	at := len(b.labels) - 1
	b.pos = b.offset()
	if b.opt.Counts {
		b.poll(b.pos, b.sc.entry)
	}
	b.body()
	return b.labels[at].edges
}

// retInlined makes the current block go to the end of what is inlined, with the top n operands as results. The environment stays.
func (b *builder) retInlined(n int) {
	at := len(b.labels) - 1
	for b.labels[at].kind != wasm.OpCall {
		at--
	}
	lb, from := &b.labels[at], b.cur
	b.cur = nil
	b.copies(n + lb.height)
	out := b.carriedTo(from, lb.height, int(b.inlined.Base), lb.results)
	for i := range out[lb.height:] {
		r := &out[lb.height+i]
		r.from, r.origin = 0, nil // the interpreter has returned it in its slot
	}
	lb.edges = append(lb.edges, edge{from, b.copyLocals()[:b.firstLocal], out})
}
