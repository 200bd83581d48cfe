package interp

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// capture makes the portable view of the program, which stands still.
func (s *Store) capture() (*state.Program, error) {
	p := &state.Program{Created: time.Now().UTC(), Safepoints: s.freezer.passed}
	modules := map[*Module]int{}
	for _, i := range s.instances {
		if _, ok := modules[i.module]; !ok {
			modules[i.module] = len(p.Modules)
			p.Modules = append(p.Modules, state.Module{Name: i.module.wasm.ModuleName(), Hash: i.module.Hash(), Bytes: i.module.wasm.Bytes})
		}
	}
	s.numbers = s.heap.number()
	defer func() { s.numbers = nil }()
	p.Types = s.viewTypes()
	p.Heap = s.captureHeap()
	addr := s.addresses()
	for _, i := range s.instances {
		p.Instances = append(p.Instances, i.capture(modules[i.module], addr))
	}
	p.Funcs = s.funcRuns()
	for _, t := range s.tables {
		p.Tables = append(p.Tables, state.Table{Type: s.viewTable(t.typ), Elems: s.viewRefs(t.elems)})
	}
	for _, m := range s.memories {
		p.Memories = append(p.Memories, state.Memory{Type: m.typ, Data: m.Bytes()})
	}
	for _, g := range s.globals {
		p.Globals = append(p.Globals, state.Global{Type: s.viewGlobal(g.typ), Value: s.value(g.typ.Type, g.val, g.hi)})
	}
	p.Tags = s.captureTags()
	for n, t := range s.threads {
		if t.sp == 0 {
			continue
		}
		th, err := t.capture()
		if err != nil {
			return nil, fmt.Errorf("thread %d: %w", n, err)
		}
		p.Threads = append(p.Threads, th)
	}
	for _, r := range s.resources {
		version, data, err := r.res.SaveState()
		if err != nil {
			return nil, fmt.Errorf("saving %s: %w", r.name, err)
		}
		p.Resources = append(p.Resources, state.Resource{Name: r.name, Version: version, Data: data})
	}
	return p, nil
}

// addresses are the store addresses of the objects that are known by pointer.
type addresses struct {
	tables   map[*Table]uint32
	memories map[*Memory]uint32
	globals  map[*Global]uint32
}

func (s *Store) addresses() addresses {
	a := addresses{map[*Table]uint32{}, map[*Memory]uint32{}, map[*Global]uint32{}}
	for i, t := range s.tables {
		a.tables[t] = uint32(i)
	}
	for i, m := range s.memories {
		a.memories[m] = uint32(i)
	}
	for i, g := range s.globals {
		a.globals[g] = uint32(i)
	}
	return a
}

func (i *Instance) capture(module int, addr addresses) state.Instance {
	v := state.Instance{Name: i.name, Module: module,
		DroppedElems: append([]bool(nil), i.droppedElems...), DroppedDatas: append([]bool(nil), i.droppedDatas...)}
	for _, f := range i.funcs[:i.module.wasm.NumImportedFuncs] {
		v.ImportedFuncs = append(v.ImportedFuncs, f.addr)
	}
	for _, t := range i.tables {
		v.Tables = append(v.Tables, addr.tables[t])
	}
	for _, m := range i.memories {
		v.Memories = append(v.Memories, addr.memories[m])
	}
	for _, g := range i.globals {
		v.Globals = append(v.Globals, addr.globals[g])
	}
	for _, g := range i.tags {
		v.Tags = append(v.Tags, g.addr)
	}
	return v
}

func (s *Store) funcRuns() []state.FuncRun {
	var runs []state.FuncRun
	for k := 0; k < len(s.funcs); {
		f := s.funcs[k]
		if f.host != nil {
			runs = append(runs, state.FuncRun{Instance: -1, Count: 1, HostModule: f.host.Module, HostName: f.host.Name, HostType: s.viewFunc(f.typ)})
			k++
			continue
		}
		n := len(f.inst.module.wasm.Funcs)
		runs = append(runs, state.FuncRun{Instance: f.inst.number, First: f.index, Count: uint32(n)})
		k += n
	}
	return runs
}

// value is the typed form of the bits of a value of type t, in store terms; hi counts for a v128. What a host function
// left above the bits of a 32-bit value is dropped.
func (s *Store) value(t wasm.ValType, bits, hi uint64) state.Value {
	v := state.Value{Type: s.top(t), Bits: bits}
	if t.IsRef() {
		v.Bits = s.viewRef(bits)
	}
	switch t {
	case wasm.I32, wasm.F32:
		v.Bits = uint64(uint32(bits))
	case wasm.V128:
		v.Hi = hi
	}
	return v
}

// valueAt is the value of type t that begins at slot i of the frame at fp.
func (s *Store) valueAt(t wasm.ValType, fp unsafe.Pointer, i int) state.Value {
	var hi uint64
	if t == wasm.V128 {
		hi = *slot(fp, uint16(i+1))
	}
	return s.value(t, *slot(fp, uint16(i)), hi)
}

// standing is where frame i stands: its slots, and the number of the instruction that is next.
func (t *Thread) standing(i int) (fp unsafe.Pointer, index int) {
	c := t.frames[i].fn.code.Load()
	if i == t.sp-1 {
		return t.exitFP, c.indexOf(t.place(t.exitPC))
	}
	callee := &t.frames[i+1]
	return callee.fp, c.indexOf(uintptr(unsafe.Pointer(callee.returns())))
}

func (t *Thread) capture() (state.Thread, error) {
	v := state.Thread{Pending: t.pending, HasPending: t.hasPending, Frames: make([]state.Frame, t.sp)}
	if t.parking != nil {
		v.Pending, v.HasPending = t.parking.parked(), true
	}
	lays := layouts(t.frames[:t.sp], func(f *frame) *Func { return f.fn },
		func(i int) uint64 { _, index := t.standing(i); return uint64(index) },
		func(p *point) uint64 { return uint64(p.index) })
	for i := range t.frames[:t.sp] {
		fn := t.frames[i].fn
		lay := lays[fn]
		fp, index := t.standing(i)
		pt := lay.find(uint64(index), func(p *point) bool { return p.fits(i == t.sp-1, t.atCall) })
		if pt == nil {
			return v, fmt.Errorf("godwit: %s stands at instruction %d, which is no safepoint", fn.Name(), index)
		}
		f := state.Frame{Instance: fn.inst.number, Func: fn.index, Offset: pt.offset,
			Locals: make([]state.Value, len(lay.locals)), Stack: make([]state.Value, len(pt.stack))}
		at := 0
		for k, typ := range lay.locals {
			f.Locals[k] = t.store.valueAt(fn.inst.storeType(typ), fp, at)
			at += width(typ)
		}
		for k, o := range pt.stack {
			typ := fn.inst.storeType(o.typ)
			switch o.where {
			case isConst:
				f.Stack[k] = t.store.value(typ, o.bits, 0)
			case inLocal:
				f.Stack[k] = t.store.valueAt(typ, fp, int(o.local))
			default:
				f.Stack[k] = t.store.valueAt(typ, fp, int(o.home))
			}
		}
		v.Frames[i] = f
	}
	return v, nil
}

// find is the first point at a place that satisfies ok, or nil.
func (l *layout) find(place uint64, ok func(*point) bool) *point {
	points := l.points[place]
	for i := range points {
		if ok(&points[i]) {
			return &points[i]
		}
	}
	return nil
}

// fits tells whether a frame can stand at p: below the top only after a call; at the top before a host call that is
// to be made again, or at the head of a function or a loop.
func (p *point) fits(top, atCall bool) bool {
	switch {
	case !top:
		return p.kind == pointAfterCall
	case atCall:
		return p.kind == pointCall || p.kind == pointWait
	}
	return p.kind == pointEntry || p.kind == pointLoop
}
