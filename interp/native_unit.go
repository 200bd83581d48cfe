package interp

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"
)

// nativeUnits are a module's units. Threads that run look addresses up while others are added.
type nativeUnits struct {
	mu      sync.Mutex
	all     atomic.Pointer[[]*NativeUnit] // by Base; the slice is never written again
	entries [nativeModes][]uintptr        // where machine code calls each function that the module defines; nil until somebody asks
}

// entriesOf is where machine code of a mode calls each function that the module defines.
func (m *Module) entriesOf(mode nativeMode) []uintptr {
	n := &m.native.Load().units
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.table(m, mode)
}

// table is entriesOf with the lock held.
func (n *nativeUnits) table(m *Module, mode nativeMode) []uintptr {
	if n.entries[mode] == nil {
		n.entries[mode] = slices.Repeat([]uintptr{calleeWord}, len(m.wasm.Funcs)+1)
	}
	return n.entries[mode]
}

// find is the unit around address pc, or nil. A return address may be the one behind the last instruction.
func (n *nativeUnits) find(pc uintptr) *NativeUnit {
	p := n.all.Load()
	if p == nil {
		return nil
	}
	all := *p
	i := sort.Search(len(all), func(i int) bool { return all[i].Base >= pc }) - 1 // pc is behind an instruction
	if i < 0 || pc-all[i].Base > all[i].Size {
		return nil
	}
	return all[i]
}

// find is what stands at offset pc of a unit, or nil.
func findSite(offsets []uint32, sites []NativeSite, off uintptr) *NativeSite {
	if i, ok := slices.BinarySearch(offsets, uint32(off)); ok {
		return &sites[i]
	}
	return nil
}

// Publish lets the module's instances run u from now on, which must not change any more; its code must stay for as long as the module can
// be reached. Native code must have been enabled. It may be called by several goroutines at once.
func (m *Module) Publish(u *NativeUnit) {
	nm := m.native.Load()
	for k := range u.Sites {
		s := &u.Sites[k]
		if s.FrameBytes > maxNativeFrame {
			return
		}
		if s.Kind == SiteStep {
			s.how = s.Step.kind()
		}
	}
	for k := range u.Faults {
		if u.Faults[k].FrameBytes > maxNativeFrame {
			return
		}
	}
	c, err := m.code(u.Func)
	if err != nil {
		return
	}
	s := c.site(u.Loop)
	if s == nil {
		return
	}
	n := &nm.units
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []*NativeUnit
	if p := n.all.Load(); p != nil {
		all = *p
	}
	at := sort.Search(len(all), func(i int) bool { return all[i].Base >= u.Base })
	grown := make([]*NativeUnit, 0, len(all)+1)
	grown = append(append(append(grown, all[:at]...), u), all[at:]...)
	n.all.Store(&grown)
	mode := nativePlain
	if u.Counts {
		mode = nativeCounts
	}
	if u.Loop < 0 {
		atomic.StoreUintptr(&n.table(m, mode)[u.Func-uint32(m.wasm.NumImportedFuncs)], u.Fast)
	}
	s.unit[mode].Store(u)
}

// stepKind says what has to be known of a NativeStep before it is done.
type stepKind uint8

const (
	stepPlain  stepKind = iota
	stepWaits           // others may look at the frames while it waits
	stepLeaves          // it changes frames: the unit's frame is the interpreter's before it begins
)

func (st *NativeStep) kind() stepKind {
	for k := range st.code {
		switch o := st.code[k].op &^ safepoint; o {
		case opCall, opCallImport, opCallIndirect, opCallRef, opThrow, opThrowRef:
			return stepLeaves
		case opAtomicWait:
			return stepWaits
		default:
			if isTailCall(o) {
				return stepLeaves
			}
		}
	}
	return stepPlain
}
