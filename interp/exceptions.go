package interp

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// A throw walks the frames from the top down and asks each function's table of tries (tryRange) for a clause that
// catches at the instruction where the frame stands. Nothing is undone on the way: the frames above the one that catches
// are simply no longer there. Only a clause that wants a reference to the exception makes an object of it; otherwise its
// values are copied from the slots of the one frame to those of the other.

// Tag is a tag instance: what a kind of exceptions has in common. Catch clauses tell tags apart by identity.
type Tag struct {
	store  *Store
	addr   uint32
	typeID uint32
	typ    *wasm.FuncType
	slots  int  // that an exception's values take
	rtt    *rtt // of the exceptions that are objects
}

// Type is the tag's type: its parameters are what an exception carries.
func (g *Tag) Type() *wasm.FuncType { return g.typ }

// AddTag makes a tag that belongs to no instance, for modules to import and host functions to throw. Its type has no
// results; types of the module that imports it cannot be named.
func (s *Store) AddTag(typ wasm.FuncType) (*Tag, error) {
	if len(typ.Results) > 0 {
		return nil, fmt.Errorf("a tag of type %v: its exceptions cannot have results", &typ)
	}
	r, err := s.internFunc(&typ)
	if err != nil {
		return nil, err
	}
	return s.addTag(r, &typ)
}

// addTag makes a tag of type r; typ is the same type as its maker writes it.
func (s *Store) addTag(r *rtt, typ *wasm.FuncType) (*Tag, error) {
	if len(s.tags) >= maxTags {
		return nil, &LimitError{What: "a store", Want: uint64(len(s.tags)) + 1, Limit: maxTags, Unit: "tags"}
	}
	g := &Tag{store: s, addr: uint32(len(s.tags)), typeID: r.id, typ: typ, slots: slotCount(typ.Params)}
	g.rtt = s.newExnRTT(r)
	s.tags = append(s.tags, g)
	s.tagOf[g.rtt] = g
	return g, nil
}

// addTags makes the tags that the instance's module defines.
func (i *Instance) addTags() error {
	w := i.module.wasm
	for _, typ := range w.Tags {
		g, err := i.store.addTag(i.rtts[typ], &w.Types[typ].FuncType)
		if err != nil {
			return err
		}
		i.tags = append(i.tags, g)
	}
	return nil
}

// captureTags is the portable view of the store's tags.
func (s *Store) captureTags() []state.Tag {
	var out []state.Tag
	for _, g := range s.tags {
		out = append(out, state.Tag{Type: s.rtts[g.typeID].view})
	}
	return out
}

// restoreTags makes the tags of a view whose types have been taken.
func (s *Store) restoreTags(p *state.Program) error {
	for n, v := range p.Tags {
		if uint64(v.Type) >= uint64(len(s.taken)) {
			return restoreError("tag %d is of type %d, there are %d", n, v.Type, len(s.taken))
		}
		r := s.taken[v.Type]
		if r.kind != rttFunc || len(r.def.Results) > 0 {
			return restoreError("tag %d is of type %d, which no tag can have", n, v.Type)
		}
		if _, err := s.addTag(r, &r.def.FuncType); err != nil {
			return fmt.Errorf("%w: tag %d: %w", ErrRestore, n, err)
		}
	}
	return nil
}

// restoreTags gives the instance the tags at the addresses addrs.
func (i *Instance) restoreTags(addrs []uint32) error {
	w, s := i.module.wasm, i.store
	if len(addrs) != len(w.TagTypes) {
		return fmt.Errorf("it has %d tags, its module has %d", len(addrs), len(w.TagTypes))
	}
	for k, a := range addrs {
		if uint64(a) >= uint64(len(s.tags)) || s.tags[a].typeID != i.typeIDs[w.TagTypes[k]] {
			return fmt.Errorf("tag %d has address %d, where no such tag is", k, a)
		}
		i.tags = append(i.tags, s.tags[a])
	}
	return nil
}

// Exception is the error of a call that an exception has left without being caught. A host function that returns one
// throws it into the guest that called it, where it may be caught.
type Exception struct {
	Tag *Tag
	// Values are those of the tag's parameters, as a call's arguments are given. References to objects among them are
	// like those that a call returns: see Store.Retain.
	Values []uint64
	Trace  []TraceFrame // where it was thrown, innermost first
}

func (e *Exception) Error() string {
	if e.Tag == nil {
		return "wasm exception without a tag"
	}
	return fmt.Sprintf("wasm exception: tag %d %v with %#x%s", e.Tag.addr, e.Tag.typ, e.Values, formatTrace(e.Trace))
}

// thrown is an exception on its way to where it is caught: an object, or values that are none yet.
type thrown struct {
	tag    *Tag
	ref    uint64
	values []uint64
	trace  []TraceFrame // of a call back that it has left
}

// raise throws x at pc, an instruction of the top frame, which is at fp.
func (t *Thread) raise(pc *instr, fp unsafe.Pointer, x thrown) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	t.showNative()
	i, cl, err := t.catcher(pc, x.tag)
	if err != nil {
		mem := t.inst.mem0()
		return t.fail(pc, err), fp, 0, mem.base(), mem.Size(), t
	}
	if cl == nil {
		mem := t.inst.mem0()
		if x.ref != 0 {
			x.values = make([]uint64, x.tag.slots)
			t.store.exceptionValues(x.ref, x.tag, x.values)
		}
		return t.fail(pc, &Exception{Tag: x.tag, Values: slices.Clone(x.values), Trace: x.trace}), fp, 0, mem.base(), mem.Size(), t
	}
	if cl.takes&takesRef != 0 && x.ref == 0 {
		var ok bool
		if x.ref, ok = t.newObject(pc, fp, x.tag.rtt, 0); !ok {
			mem := t.inst.mem0()
			return t.trap(pc, TrapHeapExhausted), fp, 0, mem.base(), mem.Size(), t
		}
		t.store.fillException(x.ref, x.tag, x.values)
	}
	if i < t.sp-1 {
		fp, t.sp = t.frames[i+1].fp, i+1
	}
	t.leaveNative()
	fn := t.frames[i].fn
	t.inst = fn.inst
	if cl.takes&takesValues != 0 {
		to := slots(fp, cl.values, x.tag.slots)
		if len(x.values) > 0 {
			copy(to, x.values)
		} else if len(to) > 0 {
			t.store.exceptionValues(x.ref, x.tag, to)
		}
	}
	if cl.takes&takesRef != 0 {
		*slot(fp, cl.ref) = x.ref
	}
	mem := t.inst.mem0()
	return &fn.code.Load().instrs[cl.target], fp, 0, mem.base(), mem.Size(), t
}

// catcher finds the frame and its clause that catch an exception of tag which the instruction pc of the top frame raises.
// It looks no further than the outermost frame of the call in progress. A million frames, each within a million clauses, may
// be looked at in vain, so that an error ends this when the context does.
func (t *Thread) catcher(pc *instr, tag *Tag) (frame int, cl *catchClause, err error) {
	at, seen := pc, 0
	for i := t.sp - 1; ; i-- {
		f := &t.frames[i]
		if c := f.fn.code.Load(); len(c.tries) > 0 {
			index := c.indexOf(t.place(uintptr(unsafe.Pointer(at))))
			if i < t.sp-1 {
				index-- // at is where the call returns to
			}
			if cl := c.catcher(index, f.fn.inst, tag, &seen); cl != nil {
				return i, cl, nil
			}
			if seen > throwUnit {
				if err := t.cancelled(); err != nil {
					return 0, nil, err
				}
				seen = 0
			}
		}
		if at = f.returns(); at == &leaveInstr {
			return 0, nil, nil
		}
	}
}

// returns is where the frame's caller goes on.
func (f *frame) returns() *instr {
	if f.ret == &crossReturnInstr || f.ret == &nativeReturnInstr {
		return f.link
	}
	return f.ret
}

// exceptionTag is the tag of an exception that is an object.
func (s *Store) exceptionTag(ref uint64) *Tag { return s.tagOf[s.heap.rttOf(ref)] }

// fillException gives a new exception its values.
func (s *Store) fillException(ref uint64, tag *Tag, values []uint64) {
	p := s.heap.at(ref)
	for k := range tag.rtt.fields {
		f := &tag.rtt.fields[k]
		switch at := unsafe.Add(p, f.offset); f.size {
		case 4:
			put32(at, uint32(values[0]))
		case 16:
			put64(at, values[0])
			put64(unsafe.Add(at, 8), values[1])
			values = values[1:]
		default:
			put64(at, values[0])
		}
		values = values[1:]
	}
}

// exceptionValues reads the values of an exception that is an object.
func (s *Store) exceptionValues(ref uint64, tag *Tag, values []uint64) {
	p := s.heap.at(ref)
	for k := range tag.rtt.fields {
		f := &tag.rtt.fields[k]
		switch at := unsafe.Add(p, f.offset); f.size {
		case 4:
			values[0] = uint64(le32(at))
		case 16:
			values[0], values[1] = le64(at), le64(unsafe.Add(at, 8))
			values = values[1:]
		default:
			values[0] = le64(at)
		}
		values = values[1:]
	}
}

// thrownBy is the exception of the store that a host function's error throws, or nil.
func (s *Store) thrownBy(err error) *Exception {
	var x *Exception
	if errors.As(err, &x) && x.Tag != nil && x.Tag.store == s {
		return x
	}
	return nil
}

// hostThrow throws what a host function has returned, at pc, which called it with arguments in n slots from nfp on.
func (t *Thread) hostThrow(pc *instr, fp, nfp unsafe.Pointer, n int, h *HostFunc, x *Exception) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	values, trace := slices.Clone(x.Values), slices.Clone(x.Trace)
	if err := t.store.checkException(x); err != nil {
		mem := t.inst.mem0()
		return t.fail(pc, hostError(h, err)), fp, 0, mem.base(), mem.Size(), t
	}
	if f := &t.frames[t.sp-1]; isTailCall(pc.op) && f.returns() != &leaveInstr {
		// The calling frame is gone as far as the guest can tell, with its tries.
		t.sp--
		nfp, n = fp, int(f.fn.code.Load().room)
		pc, fp = (*instr)(unsafe.Add(unsafe.Pointer(f.returns()), -int(instrSize))), f.fp
		t.inst = t.frames[t.sp-1].fn.inst
	} else if isTailCall(pc.op) {
		mem := t.inst.mem0()
		return t.fail(pc, &Exception{Tag: x.Tag, Values: values, Trace: trace}), fp, 0, mem.base(), mem.Size(), t
	}
	// The frame stands at the call, whose arguments may be anything by now, and a collection takes its slots for roots.
	clear(unsafe.Slice((*uint64)(nfp), n))
	if len(x.Tag.rtt.refs) > 0 {
		defer t.store.retainValues(x.Tag, values)()
	}
	return t.raise(pc, fp, thrown{tag: x.Tag, values: values, trace: trace})
}

// checkException tells what is wrong with an exception that a host function throws.
func (s *Store) checkException(x *Exception) error {
	if len(x.Values) != x.Tag.slots {
		return fmt.Errorf("it threw an exception of type %v with %d values", x.Tag.typ, len(x.Values))
	}
	if err := s.admitAll(x.Tag.rtt.def.Params, x.Values); err != nil {
		return fmt.Errorf("it threw an exception: %w", err)
	}
	return nil
}

// retainValues keeps the objects among an exception's values until the function that it returns is called.
func (s *Store) retainValues(tag *Tag, values []uint64) (release func()) {
	var refs []uint64
	at := 0
	for k := range tag.rtt.fields {
		f := &tag.rtt.fields[k]
		if f.ref && s.Retain(values[at]) {
			refs = append(refs, values[at])
		}
		at += width(f.typ)
	}
	return func() {
		for _, ref := range refs {
			s.Release(ref)
		}
	}
}

// isTailCall tells whether o calls a function in the place of the frame.
func isTailCall(o op) bool {
	switch o &^ safepoint {
	case opReturnCall, opReturnCallImport, opReturnCallIndirect, opReturnCallRef:
		return true
	}
	return false
}
