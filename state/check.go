package state

import (
	"math"

	"github.com/godwit-vm/godwit/wasm"
)

// maxPages is how many of its pages a memory can have: what can be addressed (specification 3.2.3) is 4 GiB, or with
// 64-bit addresses 2^64 bytes, of which no host gives more than 2^48.
func maxPages(t wasm.MemoryType) uint64 {
	if t.Is64 {
		return 1 << 48 / t.PageBytes()
	}
	return 1 << 32 / t.PageBytes()
}

// maxTypePages is how many pages a memory's type may speak of.
func maxTypePages(t wasm.MemoryType) uint64 {
	switch {
	case !t.Is64:
		return maxPages(t)
	case t.OneByte:
		return math.MaxUint64
	}
	return 1 << 48
}

// checker is a program that is being checked, and what the check found out so far.
type checker struct {
	*Program
	funcs   uint64 // store addresses of functions
	headsOf []head // the heads of the heap's objects
}

// check looks for contradictions within p: what is written and what was read goes through it alike, so that nothing is
// written that could not be read. It relies on nothing: every index is compared with what it points into. What needs
// the modules in decoded form (types of locals, whether an offset is a safepoint) is left to those who decode them.
func (p *Program) check(l Limits) error {
	c := &checker{Program: p, funcs: p.numFuncs()}
	for _, f := range []func(Limits) error{
		c.checkModules, c.checkTypes, c.checkInstances, c.checkFuncs, c.checkTags, c.checkHeap, c.checkTables, c.checkMemories,
		c.checkGlobals, c.checkThreads,
	} {
		if err := f(l); err != nil {
			return err
		}
	}
	return nil
}

func (p *checker) checkModules(Limits) error {
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

func (p *checker) checkInstances(Limits) error {
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
			{"function", in.ImportedFuncs, p.funcs},
			{"table", in.Tables, uint64(len(p.Tables))},
			{"memory", in.Memories, uint64(len(p.Memories))},
			{"global", in.Globals, uint64(len(p.Globals))},
			{"tag", in.Tags, uint64(len(p.Tags))},
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

func (p *checker) checkFuncs(l Limits) error {
	if p.funcs > l.Funcs {
		return overLimit(nameFuncs, "functions", p.funcs, l.Funcs)
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
					if !knownType(t, p.Types) {
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

func (p *checker) checkTables(Limits) error {
	for i := range p.Tables {
		t := &p.Tables[i]
		if !t.Type.Elem.IsRef() || !knownType(t.Type.Elem, p.Types) {
			return invalid(nameTables, "table %d has elements of type 0x%x", i, uint32(t.Type.Elem))
		}
		limit := uint64(math.MaxUint32)
		if t.Type.Is64 {
			limit = math.MaxUint64
		}
		if why := outside(uint64(len(t.Elems)), t.Type.Limits, limit, limit); why != "" {
			return invalid(nameTables, "table %d has %d elements, %s", i, len(t.Elems), why)
		}
		for j, r := range t.Elems {
			if why := p.refFlaw(t.Type.Elem, r); why != "" {
				return invalid(nameTables, "element %d of table %d: %s", j, i, why)
			}
		}
	}
	return nil
}

func (p *checker) checkMemories(l Limits) error {
	left := l.MemoryBytes
	for i := range p.Memories {
		m := &p.Memories[i]
		size, page := m.Size(), m.Type.PageBytes()
		if size%page != 0 {
			return invalid(nameMemories, "memory %d has %d bytes, not a whole number of pages", i, size)
		}
		if why := outside(size/page, m.Type.Limits, maxPages(m.Type), maxTypePages(m.Type)); why != "" {
			return invalid(nameMemories, "memory %d has %d pages, %s", i, size/page, why)
		}
		if m.Type.Shared && !m.Type.HasMax {
			return invalid(nameMemories, "memory %d is shared and has no maximum", i)
		}
		if size > left {
			return overLimit(nameMemories, "bytes of memories, and maybe more,", l.MemoryBytes-left+size, l.MemoryBytes)
		}
		left -= size
	}
	return nil
}

func (p *checker) checkGlobals(Limits) error {
	for i := range p.Globals {
		g := &p.Globals[i]
		if !knownType(g.Type.Type, p.Types) {
			return invalid(nameGlobals, "global %d is of unknown type 0x%x", i, uint32(g.Type.Type))
		}
		if why := p.valueFlaw(g.Value); why != "" {
			return invalid(nameGlobals, "global %d: %s", i, why)
		}
		if !g.Type.Type.IsRef() {
			if g.Value.Type != g.Type.Type {
				return invalid(nameGlobals, "global %d of type %v has a value of type %v", i, g.Type.Type, g.Value.Type)
			}
			continue
		}
		if g.Value.Type != p.Top(g.Type.Type) {
			return invalid(nameGlobals, "global %d of type %v has a value of type %v", i, g.Type.Type, g.Value.Type)
		}
		if why := p.refFlaw(g.Type.Type, g.Value.Bits); why != "" {
			return invalid(nameGlobals, "global %d: %s", i, why)
		}
	}
	return nil
}

func (p *checker) checkThreads(Limits) error {
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
			if err := p.checkFrame(i, j, defined); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *checker) checkFrame(thread, index int, defined []uint64) error {
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
			if why := p.valueFlaw(v); why != "" {
				return invalid(nameThreads, "frame %d of thread %d: %s", index, thread, why)
			}
		}
	}
	return nil
}

// outside tells why size is not within l, whose maximum must be within typeLimit, or not within limit; "" when all is
// well.
func outside(size uint64, l wasm.Limits, limit, typeLimit uint64) string {
	switch {
	case size < l.Min:
		return "fewer than its type's minimum"
	case l.HasMax && size > l.Max:
		return "more than its type's maximum"
	case l.HasMax && l.Max > typeLimit:
		return "of a type whose maximum is too large"
	case size > limit:
		return "more than can be addressed"
	}
	return ""
}

// valueFlaw tells why v is not a value; "" when it is one.
func (p *checker) valueFlaw(v Value) string {
	switch {
	case v.Type != wasm.V128 && v.Hi != 0:
		return "a value of at most 64 bits has more"
	case v.Type == wasm.I32 || v.Type == wasm.F32:
		if v.Bits > math.MaxUint32 {
			return "a value of 32 bits has more"
		}
		return ""
	case v.Type.IsNum() || v.Type == wasm.V128:
		return ""
	case !isTop(v.Type):
		return "a value of unknown type, or of a reference type that is not the top of its hierarchy"
	}
	return p.refFlaw(v.Type, v.Bits)
}
