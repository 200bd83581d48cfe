package interp

import (
	"errors"
	"fmt"
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

	retirement
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

// Publish lets the module's instances run u from now on, in place of the unit that they have run so far, if there is one. u must not change any
// more; its code must stay for as long as the module can be reached, or until u.Free is called. Native code must have been enabled. It
// may be called by several goroutines at once. The error says what of the unit cannot be; it is not run then.
func (m *Module) Publish(u *NativeUnit) error {
	nm := m.native.Load()
	c, err := m.code(u.Func)
	if err != nil {
		return err
	}
	s := c.site(u.Loop)
	if s == nil {
		return fmt.Errorf("interp: function %d has no loop at %d", u.Func, u.Loop)
	}
	if err := u.check(m, c); err != nil {
		return fmt.Errorf("interp: machine code of function %d: %w", u.Func, err)
	}
	for k := range u.Sites {
		if s := &u.Sites[k]; s.Kind == SiteStep {
			s.how = s.Step.kind()
		}
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
	if old := s.unit[mode].Swap(u); old != nil && old.Free != nil {
		n.retired = append(n.retired, old)
	}
	return nil
}

// check looks for what this package relies on where machine code is run: that entries are in the code, that a frame has the room that is kept behind the
// machine stack's limit, that sites can be found, and that what they name is in the frame and in the code of their functions; c is that of the unit's own.
func (u *NativeUnit) check(m *Module, c *code) error {
	room := max(int(c.room), u.Room)
	if u.Entry-u.Base >= u.Size || u.Loop < 0 && u.Fast-u.Base >= u.Size {
		return errors.New("an entry is not in it")
	}
	if u.FrameBytes < 0 || u.FrameBytes > maxNativeFrame {
		return fmt.Errorf("its frame has %d bytes, the limit is %d", u.FrameBytes, maxNativeFrame)
	}
	if len(u.SiteOffsets) != len(u.Sites) || len(u.FaultOffsets) != len(u.Faults) {
		return errors.New("a site has no offset")
	}
	for _, list := range []struct {
		offsets []uint32
		sites   []NativeSite
	}{{u.SiteOffsets, u.Sites}, {u.FaultOffsets, u.Faults}} {
		for k := range list.sites {
			s, c := &list.sites[k], c
			if n := s.Inlined; n != nil {
				var err error
				if c, err = m.code(n.Func); err != nil {
					return err
				}
			}
			switch {
			case int(s.Kind) >= len(firstPoint):
				return fmt.Errorf("site %d is of kind %d", k, s.Kind)
			case uintptr(list.offsets[k]) > u.Size || k > 0 && list.offsets[k] <= list.offsets[k-1]:
				return fmt.Errorf("site %d is not behind the one before, or not in the code", k)
			case s.FrameBytes < 0 || s.FrameBytes > u.FrameBytes:
				return fmt.Errorf("site %d has %d bytes of a frame of %d", k, s.FrameBytes, u.FrameBytes)
			case s.ArgSlot < 0 || int(s.ArgSlot) > room || s.Acc < -1 || int(s.Acc) >= room:
				return fmt.Errorf("site %d names a slot that is not in a frame of %d", k, room)
			case int(s.Point) > len(c.instrs) || int(s.Point) < firstPoint[s.Kind] || firstPoint[s.Kind] == 0 && int(s.Point) == len(c.instrs):
				return fmt.Errorf("site %d names instruction %d of %d", k, s.Point, len(c.instrs))
			case s.Kind == SiteStep && s.Step == nil:
				return fmt.Errorf("site %d has no step", k)
			}
		}
	}
	return nil
}

// firstPoint is what NativeSite.Point is at least, by kind: behind a call stands another instruction; 0 is of
// kinds at which the interpreter goes on with that one.
var firstPoint = [...]int{SiteCall: 1, SiteEntry: -1, SitePoll: 0, SiteImport: 1, SiteStep: -1, SiteType: -1, SiteExit: 0, SiteTrap: -1, SiteFault: -1, SiteSide: 0}

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
