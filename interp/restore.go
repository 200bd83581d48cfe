package interp

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// ErrRestore is matched by every error with which Restore refuses a view.
var ErrRestore = errors.New("the snapshot cannot be restored")

func restoreError(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrRestore}, args...)...)
}

// Env is what a snapshot does not carry: code.
type Env struct {
	// Module finds or decodes a module that instances were made of.
	Module func(*state.Module) (*Module, error)
	// HostFunc finds the host function that a program imported. Its type must be the same as then.
	HostFunc func(module, name string, typ *wasm.FuncType) (*HostFunc, error)
}

// Restore builds the program that p views in s, which must be empty but for its resources. p is untrusted: everything
// that running relies on is checked against the modules. Threads keep their order; each that had frames is continued
// with Resume.
func (s *Store) Restore(p *state.Program, env Env) error {
	if len(s.instances)+len(s.funcs)+len(s.threads) > 0 {
		return restoreError("the store is not empty")
	}
	modules := make([]*Module, len(p.Modules))
	for i := range p.Modules {
		m, err := env.Module(&p.Modules[i])
		if err != nil {
			return fmt.Errorf("%w: module %d: %w", ErrRestore, i, err)
		}
		modules[i] = m
	}
	for n := range p.Instances {
		v := &p.Instances[n]
		if v.Module < 0 || v.Module >= len(modules) {
			return restoreError("instance %d is of module %d, there are %d", n, v.Module, len(modules))
		}
		s.instances = append(s.instances, &Instance{store: s, module: modules[v.Module], name: v.Name, number: n})
	}
	if err := s.takeTypes(p.Types); err != nil {
		return restoreError("%v", err)
	}
	if err := s.restoreFuncs(p, env); err != nil {
		return err
	}
	if err := s.restoreTags(p); err != nil {
		return err
	}
	if err := s.restoreHeap(p); err != nil {
		return err
	}
	if err := s.restoreObjects(p); err != nil {
		return err
	}
	for n := range p.Instances {
		if err := s.instances[n].restore(&p.Instances[n]); err != nil {
			return restoreError("instance %d: %v", n, err)
		}
		s.instances[n].settleNativeMemory()
	}
	for n := range p.Threads {
		t := s.newThread(restoredStack)
		if err := t.restore(&p.Threads[n]); err != nil {
			return restoreError("thread %d: %v", n, err)
		}
	}
	for _, m := range s.memories {
		if m.shared != nil {
			m.shared.sortQueues()
		}
	}
	s.taken, s.takenObjects = nil, nil
	s.freezer.passed = p.Safepoints
	return s.restoreResources(p)
}

// restoreFuncs gives every function its address. The functions of an instance are one run.
func (s *Store) restoreFuncs(p *state.Program, env Env) error {
	for n, r := range p.Funcs {
		if r.Instance == -1 {
			var err error
			if r.HostType, err = s.takenFunc(&r.HostType); err != nil {
				return restoreError("host function %s.%s: %v", r.HostModule, r.HostName, err)
			}
			if len(s.funcs) >= maxFuncs || len(s.rtts) >= maxTypes {
				return restoreError("it has more than %d functions, or than %d types", maxFuncs, maxTypes)
			}
			h, err := env.HostFunc(r.HostModule, r.HostName, &r.HostType)
			if err != nil {
				return fmt.Errorf("%w: host function %s.%s: %w", ErrRestore, r.HostModule, r.HostName, err)
			}
			if !h.Type.Equal(&r.HostType) {
				return restoreError("host function %s.%s has type %v, the program needs %v", r.HostModule, r.HostName, h.Type, r.HostType)
			}
			s.AddHostFunc(h)
			continue
		}
		if r.Instance < 0 || r.Instance >= len(s.instances) {
			return restoreError("functions %d belong to instance %d", n, r.Instance)
		}
		i := s.instances[r.Instance]
		w := i.module.wasm
		if n := len(s.funcs) + len(w.Funcs); n > maxFuncs {
			return restoreError("it has more than %d functions", maxFuncs)
		}
		if i.typeIDs != nil || r.First != uint32(w.NumImportedFuncs) || int(r.Count) != len(w.Funcs) {
			return restoreError("functions %d are not the functions of instance %d", n, r.Instance)
		}
		if err := i.internTypes(); err != nil {
			return fmt.Errorf("%w: instance %d: %w", ErrRestore, r.Instance, err)
		}
		i.funcs = make([]*Func, 0, len(w.FuncTypes))
		i.addFuncs()
	}
	for n, i := range s.instances {
		if i.typeIDs == nil && len(i.module.wasm.Funcs) > 0 {
			return restoreError("instance %d has no functions", n)
		}
	}
	return nil
}

func (s *Store) restoreObjects(p *state.Program) error {
	native := slices.ContainsFunc(s.instances, func(i *Instance) bool { return i.module.native.Load() != nil })
	for n := range p.Memories {
		v := &p.Memories[n]
		m, err := makeMemory(v.Type, s.cfg.MaxMemory, native)
		if err != nil {
			return fmt.Errorf("%w: memory %d: %w", ErrRestore, n, err)
		}
		page := v.Type.PageBytes()
		pages := v.Size() / page
		if v.Size()%page != 0 || pages < v.Type.Min || pages > m.limit {
			return restoreError("memory %d has %d bytes, its limit is %d pages", n, v.Size(), m.limit)
		}
		if _, ok := m.Grow(pages - v.Type.Min); !ok {
			return restoreError("memory %d of %d bytes cannot be had", n, v.Size())
		}
		if err := v.LoadInto(m.Bytes()); err != nil {
			return fmt.Errorf("%w: memory %d: %w", ErrRestore, n, err)
		}
		s.memories = append(s.memories, m)
	}
	for n := range p.Tables {
		v := &p.Tables[n]
		size := uint64(len(v.Elems))
		if size < v.Type.Min || v.Type.HasMax && size > v.Type.Max || size > s.cfg.MaxTable {
			return restoreError("table %d has %d elements, its limit is %d", n, size, s.cfg.MaxTable)
		}
		typ := v.Type
		var err error
		if typ.Elem, err = s.takenType(typ.Elem); err != nil || !typ.Elem.IsRef() {
			return restoreError("table %d is of %v: %v", n, typ.Elem, err)
		}
		elems := slices.Clone(v.Elems)
		for k, ref := range elems {
			if elems[k], err = s.takeRef(typ.Elem, ref); err != nil {
				return restoreError("table %d, element %d: %v", n, k, err)
			}
		}
		limit := s.cfg.MaxTable
		if v.Type.HasMax {
			limit = min(limit, v.Type.Max)
		}
		if s.tableElems += size; s.tableElems > maxTables {
			return restoreError("all tables together have more than %d elements", maxTables)
		}
		s.tables = append(s.tables, &Table{elems: elems, typ: typ, limit: limit, total: &s.tableElems, store: s})
	}
	for n, v := range p.Globals {
		typ := v.Type
		var err error
		if typ.Type, err = s.takenType(typ.Type); err == nil {
			v.Value, err = s.takeValue(typ.Type, v.Value)
		}
		if err != nil {
			return restoreError("global %d: %v", n, err)
		}
		s.globals = append(s.globals, &Global{val: v.Value.Bits, hi: v.Value.Hi, typ: typ, store: s})
	}
	return nil
}

// takeRef is what a reference of the view is in the store, where it must be of type t.
func (s *Store) takeRef(t wasm.ValType, ref uint64) (uint64, error) {
	if !s.isFuncRef(t) && isObject(ref) {
		var err error
		if ref, err = s.takenObject(ref); err != nil {
			return 0, err
		}
	}
	if !s.refMatches(ref, t) {
		return 0, fmt.Errorf("the reference %#x is not of type %v", ref, t)
	}
	return ref, nil
}

// takeValue is what a value of the view is in the store, where it must be of type t.
func (s *Store) takeValue(t wasm.ValType, v state.Value) (state.Value, error) {
	if top := s.top(t); v.Type != top {
		return v, fmt.Errorf("the value is of type %v, not %v", v.Type, top)
	}
	if (t == wasm.I32 || t == wasm.F32) && v.Bits > 1<<32-1 {
		return v, fmt.Errorf("%#x is no %v", v.Bits, t)
	}
	if !t.IsRef() {
		return v, nil
	}
	var err error
	v.Bits, err = s.takeRef(t, v.Bits)
	return v, err
}

// restore connects the instance with its objects. Definitions have the very type that the module declares; imports
// match it.
func (i *Instance) restore(v *state.Instance) error {
	w, s := i.module.wasm, i.store
	if i.typeIDs == nil { // a module without functions of its own
		if err := i.internTypes(); err != nil {
			return err
		}
	}
	if len(v.ImportedFuncs) != w.NumImportedFuncs || len(v.Tables) != len(w.TableTypes)+len(i.module.objectElems) || len(v.Memories) != len(w.MemoryTypes) ||
		len(v.Globals) != len(w.GlobalTypes) || len(v.DroppedElems) != len(w.Elems) || len(v.DroppedDatas) != len(w.Datas) {
		return errors.New("it does not have the shape of its module")
	}
	own := i.funcs
	i.funcs = make([]*Func, 0, len(w.FuncTypes))
	exact := i.module.exactImports()
	for k, a := range v.ImportedFuncs {
		if uint64(a) >= uint64(len(s.funcs)) {
			return fmt.Errorf("imported function %d has address %d of %d", k, a, len(s.funcs))
		}
		f := s.funcs[a]
		if !s.rtts[f.typeID].isOf(i.rtts[w.FuncTypes[k]], exact != nil && exact[k]) {
			return fmt.Errorf("imported function %d has type %v", k, f.typ)
		}
		i.funcs = append(i.funcs, f)
	}
	i.funcs = append(i.funcs, own...)
	for k, a := range v.Tables {
		if uint64(a) >= uint64(len(s.tables)) {
			return fmt.Errorf("table %d has address %d of %d", k, a, len(s.tables))
		}
		t, want := s.tables[a], i.tableType(k)
		if t.typ.Elem != i.storeType(want.Elem) || !limitsMatch(t.typ.Limits, uint64(len(t.elems)), want.Limits) {
			return fmt.Errorf("table %d is of type %v, not %v", k, t.typ, want)
		}
		i.tables = append(i.tables, t)
	}
	for k, a := range v.Memories {
		if uint64(a) >= uint64(len(s.memories)) {
			return fmt.Errorf("memory %d has address %d of %d", k, a, len(s.memories))
		}
		m, want := s.memories[a], w.MemoryTypes[k]
		if !sameMemoryKind(m.typ, want) || !limitsMatch(m.typ.Limits, m.Pages(), want.Limits) {
			return fmt.Errorf("memory %d is of type %v, not %v", k, m.typ, want)
		}
		i.memories = append(i.memories, m)
	}
	i.findElems()
	for k, a := range v.Globals {
		if uint64(a) >= uint64(len(s.globals)) || !s.globalMatches(s.globals[a].typ, i.globalType(w.GlobalTypes[k])) {
			return fmt.Errorf("global %d has address %d, where no such global is", k, a)
		}
		i.globals = append(i.globals, s.globals[a])
	}
	if err := i.restoreTags(v.Tags); err != nil {
		return err
	}
	i.droppedElems, i.droppedDatas = slices.Clone(v.DroppedElems), slices.Clone(v.DroppedDatas)
	return nil
}

// restore builds the thread's stack from its frames.
func (t *Thread) restore(v *state.Thread) error {
	fns := make([]*Func, len(v.Frames))
	for n := range v.Frames {
		fn, err := t.frameFunc(&v.Frames[n])
		if err != nil {
			return fmt.Errorf("frame %d: %w", n, err)
		}
		fns[n] = fn
	}
	place := func(i int) uint64 { return uint64(v.Frames[i].Offset)<<32 | uint64(uint32(len(v.Frames[i].Stack))) }
	lays := layouts(fns, func(f **Func) *Func { return *f }, place,
		func(p *point) uint64 { return uint64(p.offset)<<32 | uint64(len(p.stack)) })
	if n := len(v.Frames); n > len(t.frames) {
		// Machine code, whose frames are counted in another way, may have called deeper than the interpreter would. The snapshot has paid
		// for the records with its size.
		t.frames = make([]frame, n)
	}
	t.atCall = v.HasPending
	t.pending, t.hasPending = slices.Clone(v.Pending), v.HasPending
	fp := t.stackBase
	ret, results := &leaveInstr, []wasm.ValType(nil)
	end := 0 // slots in use of the frame below
	for n := range v.Frames {
		f := &v.Frames[n]
		fail := func(format string, args ...any) error {
			return fmt.Errorf("frame %d: %s", n, fmt.Sprintf(format, args...))
		}
		fn := fns[n]
		lay := lays[fn]
		top := n == len(v.Frames)-1
		pt := lay.find(place(n), func(p *point) bool {
			return p.offset == f.Offset && len(p.stack) == len(f.Stack) && p.fits(top, v.HasPending)
		})
		if pt == nil {
			return fail("%s cannot go on at offset %#x with %d operands", fn.Name(), f.Offset, len(f.Stack))
		}
		if n > 0 && !t.store.allMatch(t.store.rtts[fn.typeID].def.Results, results) {
			return fail("%s returns %v where its caller expects %v", fn.Name(), fn.typ.Results, results)
		}
		caller := fp
		if n > 0 {
			caller = t.exitFP
			fp = unsafe.Add(caller, uintptr(end)*8)
		}
		var ok bool
		if caller, fp, ok = t.grow(caller, fp, fn.code.Load().room); !ok {
			return fail("%v", TrapStackExhausted)
		}
		if err := t.fillFrame(fn, f, lay, pt, fp); err != nil {
			return fail("%v", err)
		}
		t.frames[t.sp] = frame{ret: ret, fp: caller, fn: fn}
		if n > 0 && fn.inst != t.frames[t.sp-1].fn.inst {
			t.frames[t.sp].link, t.frames[t.sp].ret = ret, &crossReturnInstr
		}
		t.sp++
		ret = &fn.code.Load().instrs[pt.index]
		if pt.call != nil {
			results = renameAll(pt.call.Results, fn.inst.typeID)
		}
		end = lay.end(pt)
		t.inst, t.exitFP, t.exitPC = fn.inst, fp, fn.code.Load().address(pt.index)
		if pt.kind == pointWait {
			if err := t.repark(ret, fp, v.Pending); err != nil {
				return fail("%v", err)
			}
		}
	}
	return nil
}

// frameFunc finds and prepares the function of a frame.
func (t *Thread) frameFunc(f *state.Frame) (*Func, error) {
	if f.Instance < 0 || f.Instance >= len(t.store.instances) {
		return nil, fmt.Errorf("there is no instance %d", f.Instance)
	}
	i := t.store.instances[f.Instance]
	if int(f.Func) < i.module.wasm.NumImportedFuncs || int(f.Func) >= len(i.funcs) {
		return nil, fmt.Errorf("function %d is not one of the module's own", f.Func)
	}
	fn := i.funcs[f.Func]
	_, err := fn.lowered()
	return fn, err
}

// fillFrame writes a frame's values into its slots.
func (t *Thread) fillFrame(fn *Func, f *state.Frame, lay *layout, pt *point, fp unsafe.Pointer) error {
	if len(f.Locals) != len(lay.locals) || len(f.Stack) != len(pt.stack) {
		return fmt.Errorf("it has %d locals and %d operands, %d and %d are needed", len(f.Locals), len(f.Stack), len(lay.locals), len(pt.stack))
	}
	at := 0
	for k, typ := range lay.locals {
		if typ.IsRef() && k >= len(fn.typ.Params) {
			typ = typ.AsNullable() // it may not have been set yet
		}
		v, err := t.store.takeValue(fn.inst.storeType(typ), f.Locals[k])
		if err != nil {
			return fmt.Errorf("local %d: %v", k, err)
		}
		putValue(v, fp, at)
		at += width(typ)
	}
	for k, o := range pt.stack {
		v, err := t.store.takeValue(fn.inst.storeType(o.typ), f.Stack[k])
		if err != nil {
			return fmt.Errorf("operand %d: %v", k, err)
		}
		if o.where == inLocal && v.Bits != *slot(fp, o.local) {
			return fmt.Errorf("operand %d is not what the local has that it was read from", k)
		}
		putValue(v, fp, int(o.home))
	}
	return nil
}

// putValue writes v into the frame at fp, from slot i on.
func putValue(v state.Value, fp unsafe.Pointer, i int) {
	*slot(fp, uint16(i)) = v.Bits
	if v.Type == wasm.V128 {
		*slot(fp, uint16(i+1)) = v.Hi
	}
}

// end is the first slot behind the operands of p.
func (l *layout) end(p *point) int {
	if n := len(p.stack); n > 0 {
		return int(p.stack[n-1].home) + width(p.stack[n-1].typ)
	}
	return slotCount(l.locals)
}

// restoreResources hands their states to the resources. Every state needs an owner.
func (s *Store) restoreResources(p *state.Program) error {
	var errs []error
	for _, v := range p.Resources {
		k := slices.IndexFunc(s.resources, func(r namedResource) bool { return r.name == v.Name })
		if k < 0 {
			errs = append(errs, restoreError("nothing here takes the state of %q", v.Name))
			continue
		}
		if err := s.resources[k].res.RestoreState(v.Version, v.Data); err != nil {
			errs = append(errs, fmt.Errorf("%w: %s: %w", ErrRestore, v.Name, err))
		}
	}
	return errors.Join(errs...)
}
