package interp

import (
	"sync/atomic"
	"unsafe"

	"github.com/godwit-vm/godwit/wasm"
)

// Where the interpreter meets machine code. The functions and loops of a module with native code enabled begin with an
// instruction of their own, which is their safepoint too: it counts, and enters machine code once there is some.

// nativeSite is the state of such an instruction. It is shared by all stores and threads.
type nativeSite struct {
	unit  [nativeModes]atomic.Pointer[NativeUnit]
	count [nativeModes]atomic.Uint32 // how many more times until the tier hears of it; 0 for never. Threads may overlook each other's steps.
	fn    uint32
	loop  int32 // index of the instruction, -1 for the function
}

// site emits the instruction of a function or loop. Its imm becomes the address of its nativeSite, see addSites.
func (l *lowerer) site(kind pointKind) {
	o := opEntry
	if kind == pointLoop {
		o = opLoopHead
	}
	l.emitClobber(o, 0, 0, 0, uint64(l.sites))
	l.sites++
	l.join()
}

// settleForNative puts the operand on top, of an instruction that may be made again by the interpreter after machine code has begun it,
// into its own slot: where a local is has no meaning to machine code.
func (l *lowerer) settleForNative() {
	if i := len(l.stack) - 1; l.native && l.stack[i].where != inSlot {
		l.settle(i)
	}
}

// addSites gives the code of a function its sites. Instructions name them by address, which code.sites keeps alive.
func (m *Module) addSites(c *code, fn uint32) {
	nm := m.native.Load()
	n := 0
	for k := range c.instrs {
		if o := c.instrs[k].op &^ safepoint; o == opEntry || o == opLoopHead {
			n++
		}
	}
	c.sites = make([]nativeSite, n)
	n = 0
	for k := range c.instrs {
		in := &c.instrs[k]
		s := &c.sites[min(n, len(c.sites)-1)]
		switch in.op &^ safepoint {
		case opEntry:
			s.fn, s.loop = fn, -1
			s.setCounts(nm.entries)
		case opLoopHead:
			s.fn, s.loop = fn, int32(k)
			s.setCounts(nm.iterations)
		default:
			continue
		}
		*(**nativeSite)(unsafe.Pointer(&in.imm)) = s
		n++
	}
}

func (s *nativeSite) setCounts(n uint32) {
	for k := range s.count {
		s.count[k].Store(n)
	}
}

// siteOf is the site of an entry or loop head.
func siteOf(pc *instr) *nativeSite { return *(**nativeSite)(unsafe.Pointer(&pc.imm)) }

// site finds the site of a function or loop, or nil.
func (c *code) site(loop int) *nativeSite {
	for k := range c.sites {
		if int(c.sites[k].loop) == loop {
			return &c.sites[k]
		}
	}
	return nil
}

// entry is a function's first instruction.
func entry(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	s := siteOf(pc)
	if s.unit[t.mode%nativeModes].Load() != nil {
		return t.enterNative(pc, fp, mb, ml)
	}
	if n := s.count[t.mode%nativeModes].Load(); n != 0 {
		return t.countSite(s, n, pc, fp, mb, ml)
	}
	return next(pc), fp, acc, mb, ml, t
}

// loopHead is the first instruction of a loop's body.
func loopHead(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	s := siteOf(pc)
	if s.unit[t.mode%nativeModes].Load() != nil {
		return t.enterNative(pc, fp, mb, ml)
	}
	if n := s.count[t.mode%nativeModes].Load(); n != 0 {
		return t.countSite(s, n, pc, fp, mb, ml)
	}
	return next(pc), fp, acc, mb, ml, t
}

// countSite counts down, and tells the tier at 0.
func (t *Thread) countSite(s *nativeSite, n uint32, pc *instr, fp, mb unsafe.Pointer, ml uint64) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	count := &s.count[t.mode%nativeModes]
	count.Store(n - 1)
	if n == 1 {
		m := t.inst.module
		if again := m.native.Load().tier.Hot(t, m, s.fn, int(s.loop), t.mode == nativeCounts); again != 0 {
			count.Store(again)
		}
		if s.unit[t.mode%nativeModes].Load() != nil {
			return t.enterNative(pc, fp, mb, ml)
		}
	}
	return next(pc), fp, 0, mb, ml, t
}

// stepDone ends the code of a NativeStep. It is never executed: whoever runs a step stops there.
func stepDone(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	return pc, fp, acc, mb, ml, t
}

// resultKind is how a function's result comes back from machine code.
type resultKind uint8

const (
	resultSlots resultKind = iota // none, or several, which are in slots
	result32
	result64
	resultF32
	resultF64
	resultV128
)

func resultOf(ft *wasm.FuncType) resultKind {
	if len(ft.Results) != 1 {
		return resultSlots
	}
	switch ft.Results[0] {
	case wasm.I32:
		return result32
	case wasm.F32:
		return resultF32
	case wasm.F64:
		return resultF64
	case wasm.V128:
		return resultV128
	}
	return result64
}

// settleNativeMemory lets the module's first instance say what its machine code may take for granted.
func (i *Instance) settleNativeMemory() {
	if nm := i.module.native.Load(); nm != nil {
		k := i.NativeMemory()
		nm.memory.CompareAndSwap(nil, &k)
	}
}

// NativeMemory is what machine code of the module takes for granted of memory 0: what the first instance has. Instances whose memory is
// another one are interpreted.
func (m *Module) NativeMemory() NativeMemory {
	if nm := m.native.Load(); nm != nil {
		if k := nm.memory.Load(); k != nil {
			return *k
		}
	}
	return NativeMemory{}
}

// NativeMemory is what machine code could take for granted of memory 0.
func (i *Instance) NativeMemory() NativeMemory {
	m := i.mem0()
	return NativeMemory{
		// Only what ends with a page of the host's faults where it ends.
		Guarded: m.guard && m.typ.PageBytes() >= wasm.PageSize,
		Fixed:   m.guard || m.shared != nil || m == &emptyMemory,
	}
}

// nativeModule is what a module with native code enabled has.
type nativeModule struct {
	tier                Tier
	entries, iterations uint32 // first values of the counters
	memory              atomic.Pointer[NativeMemory]
	units               nativeUnits
}
