package state

import (
	"math"

	"github.com/godwit-vm/godwit/wasm"
)

// maxPages is how many pages of 64 KiB can be addressed (specification 3.2.3): 4 GiB, or with 64-bit addresses 2^64
// bytes, of which no host gives more than 2^48.
func maxPages(is64 bool) uint64 {
	if is64 {
		return 1 << 32
	}
	return 1 << 16
}

// check looks for contradictions within p: what is written and what was read goes through it alike, so that nothing is
// written that could not be read. It relies on nothing: every index is compared with what it points into. What needs
// the modules in decoded form (types of locals, whether an offset is a safepoint) is left to those who decode them.
func (p *Program) check(l Limits) error {
	for _, f := range []func(Limits) error{
		p.checkModules, p.checkInstances, p.checkFuncs, p.checkTables, p.checkMemories, p.checkGlobals, p.checkThreads,
	} {
		if err := f(l); err != nil {
			return err
		}
	}
	return nil
}

func (p *Program) checkModules(Limits) error {
	for i := range p.Modules {
		if b := p.Modules[i].Bytes; uint64(len(b)) > math.MaxUint32 {
			return invalid(nameModules, "module %d has %d bytes", i, len(b))
		}
	}
	return nil
}

// numFuncs is the number of store addresses of functions.
func (p *Program) numFuncs() (n uint64) {
	for i := range p.Funcs {
		n += uint64(p.Funcs[i].Count)
	}
	return n
}

func (p *Program) checkInstances(Limits) error {
	funcs := p.numFuncs()
	for i := range p.Instances {
		in := &p.Instances[i]
		if in.Module < 0 || in.Module >= len(p.Modules) {
			return invalid(nameInstances, "instance %d is of module %d of %d", i, in.Module, len(p.Modules))
		}
		for _, s := range []struct {
			what  string
			addrs []uint32
			count uint64
		}{
			{"function", in.ImportedFuncs, funcs},
			{"table", in.Tables, uint64(len(p.Tables))},
			{"memory", in.Memories, uint64(len(p.Memories))},
			{"global", in.Globals, uint64(len(p.Globals))},
		} {
			for _, a := range s.addrs {
				if uint64(a) >= s.count {
					return invalid(nameInstances, "instance %d refers to %s %d of %d", i, s.what, a, s.count)
				}
			}
		}
	}
	return nil
}

func (p *Program) checkFuncs(l Limits) error {
	if n := p.numFuncs(); n > l.Funcs {
		return overLimit(nameFuncs, "functions", n, l.Funcs)
	}
	next := make([]uint64, len(p.Instances)) // by instance: the first function index that has no address yet
	for i := range p.Instances {
		next[i] = uint64(len(p.Instances[i].ImportedFuncs))
	}
	for i := range p.Funcs {
		f := &p.Funcs[i]
		switch {
		case f.Instance == -1:
			if f.Count != 1 {
				return invalid(nameFuncs, "run %d of a host function has count %d", i, f.Count)
			}
			for _, types := range [][]wasm.ValType{f.HostType.Params, f.HostType.Results} {
				for _, t := range types {
					if !knownType(t) {
						return invalid(nameFuncs, "host function %s.%s has unknown type 0x%x", f.HostModule, f.HostName, uint32(t))
					}
				}
			}
		case f.Instance < 0 || f.Instance >= len(p.Instances):
			return invalid(nameFuncs, "run %d is of instance %d of %d", i, f.Instance, len(p.Instances))
		case uint64(f.First) < next[f.Instance]:
			return invalid(nameFuncs, "run %d: function %d of instance %d is imported, or has an address already", i, f.First, f.Instance)
		case uint64(f.First)+uint64(f.Count) > 1<<32:
			return invalid(nameFuncs, "run %d has %d functions from %d on", i, f.Count, f.First)
		default:
			next[f.Instance] = uint64(f.First) + uint64(f.Count)
		}
	}
	return nil
}

func (p *Program) checkTables(Limits) error {
	funcs := p.numFuncs()
	for i := range p.Tables {
		t := &p.Tables[i]
		if !t.Type.Elem.IsRef() {
			return invalid(nameTables, "table %d has elements of type 0x%x", i, uint32(t.Type.Elem))
		}
		limit := uint64(math.MaxUint32)
		if t.Type.Is64 {
			limit = math.MaxUint64
		}
		if why := outside(uint64(len(t.Elems)), t.Type.Limits, limit); why != "" {
			return invalid(nameTables, "table %d has %d elements, %s", i, len(t.Elems), why)
		}
		for j, r := range t.Elems {
			if !validRef(t.Type.Elem, r, funcs) {
				return invalid(nameTables, "element %d of table %d refers to function %d of %d", j, i, r-1, funcs)
			}
		}
	}
	return nil
}

func (p *Program) checkMemories(l Limits) error {
	left := l.MemoryBytes
	for i := range p.Memories {
		m := &p.Memories[i]
		size := m.Size()
		if size%wasm.PageSize != 0 {
			return invalid(nameMemories, "memory %d has %d bytes, not a whole number of pages", i, size)
		}
		if why := outside(size/wasm.PageSize, m.Type.Limits, maxPages(m.Type.Is64)); why != "" {
			return invalid(nameMemories, "memory %d has %d pages, %s", i, size/wasm.PageSize, why)
		}
		if size > left {
			return overLimit(nameMemories, "bytes of memories, and maybe more,", l.MemoryBytes-left+size, l.MemoryBytes)
		}
		left -= size
	}
	return nil
}

func (p *Program) checkGlobals(Limits) error {
	funcs := p.numFuncs()
	for i := range p.Globals {
		g := &p.Globals[i]
		if g.Value.Type != g.Type.Type {
			return invalid(nameGlobals, "global %d of type 0x%x has a value of type 0x%x", i, uint32(g.Type.Type), uint32(g.Value.Type))
		}
		if why := g.Value.flaw(funcs); why != "" {
			return invalid(nameGlobals, "global %d: %s", i, why)
		}
	}
	return nil
}

func (p *Program) checkThreads(Limits) error {
	funcs := p.numFuncs()
	defined := make([]uint64, len(p.Instances)) // by instance: end of its functions
	for i := range p.Funcs {
		if f := &p.Funcs[i]; f.Instance >= 0 && f.Count > 0 {
			defined[f.Instance] = uint64(f.First) + uint64(f.Count)
		}
	}
	for i := range p.Threads {
		t := &p.Threads[i]
		if t.HasPending && len(t.Frames) == 0 {
			return invalid(nameThreads, "thread %d is idle, yet waits in a host function", i)
		}
		for j := range t.Frames {
			if err := p.checkFrame(i, j, defined, funcs); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Program) checkFrame(thread, index int, defined []uint64, funcs uint64) error {
	f := &p.Threads[thread].Frames[index]
	if f.Instance < 0 || f.Instance >= len(p.Instances) {
		return invalid(nameThreads, "frame %d of thread %d is of instance %d of %d", index, thread, f.Instance, len(p.Instances))
	}
	in := &p.Instances[f.Instance]
	if uint64(f.Func) < uint64(len(in.ImportedFuncs)) || uint64(f.Func) >= defined[f.Instance] {
		return invalid(nameThreads, "frame %d of thread %d: instance %d does not define function %d", index, thread, f.Instance, f.Func)
	}
	if b := p.Modules[in.Module].Bytes; b != nil && uint64(f.Offset) >= uint64(len(b)) {
		return invalid(nameThreads, "frame %d of thread %d: offset %d is outside of the module", index, thread, f.Offset)
	}
	for _, vs := range [][]Value{f.Locals, f.Stack} {
		for _, v := range vs {
			if why := v.flaw(funcs); why != "" {
				return invalid(nameThreads, "frame %d of thread %d: %s", index, thread, why)
			}
		}
	}
	return nil
}

// outside tells why size is not within l, which must itself be within limit; "" when all is well.
func outside(size uint64, l wasm.Limits, limit uint64) string {
	switch {
	case size < l.Min:
		return "fewer than its type's minimum"
	case l.HasMax && size > l.Max:
		return "more than its type's maximum"
	case l.HasMax && l.Max > limit:
		return "of a type whose maximum is too large"
	case size > limit:
		return "more than can be addressed"
	}
	return ""
}

// validRef tells whether r can be a reference of type t. A host's handles are known to the host alone.
func validRef(t wasm.ValType, r, funcs uint64) bool { return t != wasm.FuncRef || r <= funcs }

func knownType(t wasm.ValType) bool { return t.IsNum() || t == wasm.V128 || t.IsRef() }

// flaw tells why v is not a value; "" when it is one.
func (v Value) flaw(funcs uint64) string {
	switch {
	case !knownType(v.Type):
		return "a value of unknown type"
	case (v.Type == wasm.I32 || v.Type == wasm.F32) && v.Bits > math.MaxUint32:
		return "a value of 32 bits has more"
	case v.Type != wasm.V128 && v.Hi != 0:
		return "a value of at most 64 bits has more"
	case !validRef(v.Type, v.Bits, funcs):
		return "a reference to a function that does not exist"
	}
	return ""
}
