//go:build linux && amd64

package interp

import (
	"context"
	"testing"
)

// What is not as Publish relies on is refused, and is not run.
func TestPublishRefusesWhatCannotBe(t *testing.T) {
	for name, spoil := range map[string]func(u *NativeUnit){
		"an entry behind the code":        func(u *NativeUnit) { u.Entry = u.Base + u.Size },
		"an entry before the code":        func(u *NativeUnit) { u.Fast = u.Base - 1 },
		"a frame that is too large":       func(u *NativeUnit) { u.FrameBytes = maxNativeFrame + 1 },
		"a frame of less than nothing":    func(u *NativeUnit) { u.FrameBytes = -8 },
		"a site below the frame":          func(u *NativeUnit) { u.Sites[1].FrameBytes = u.FrameBytes + 8 },
		"sites that are not in order":     func(u *NativeUnit) { u.SiteOffsets[1] = u.SiteOffsets[0] },
		"a site behind the code":          func(u *NativeUnit) { u.SiteOffsets[1] = uint32(u.Size) + 1 },
		"a site without an offset":        func(u *NativeUnit) { u.SiteOffsets = u.SiteOffsets[:1] },
		"arguments behind the frame":      func(u *NativeUnit) { u.Sites[1].ArgSlot = 1000 },
		"an instruction that is not":      func(u *NativeUnit) { u.Sites[1].Point = 1000 },
		"an exit behind the last one":     func(u *NativeUnit) { u.Sites[1].Kind = SiteExit },
		"a call behind no instruction":    func(u *NativeUnit) { u.Sites[1].Point = 0 },
		"a step that is none":             func(u *NativeUnit) { u.Sites[1].Kind = SiteStep },
		"a kind that there is not":        func(u *NativeUnit) { u.Sites[1].Kind = SiteSide + 1 },
		"a loop that there is not":        func(u *NativeUnit) { u.Loop = 77 },
		"a fault without its offset":      func(u *NativeUnit) { u.Faults = []NativeSite{{Kind: SiteFault, Trap: TrapMemoryOutOfBounds}} },
		"an accumulator of another frame": func(u *NativeUnit) { u.Sites[1].Acc = 1000 },
	} {
		m := shuttles(t, 0, 1)
		if _, err := NewStore(smallMemories).Instantiate(m, "", []Extern{{Func: NewStore(smallMemories).AddHostFunc(&HostFunc{Type: *m.Wasm().FuncType(0)})}}); err != nil {
			t.Fatal(err)
		}
		publishShuttles(t, m, 0, 1)
		all := *m.native.Load().units.all.Load()
		u := *all[0]
		u.SiteOffsets, u.Sites = append([]uint32(nil), u.SiteOffsets...), append([]NativeSite(nil), u.Sites...)
		if err := m.Publish(&u); err != nil {
			t.Fatalf("as it was: %v", err)
		}
		spoil(&u)
		if u.Sites[1].Kind == SiteExit {
			c, err := m.code(u.Func)
			if err != nil {
				t.Fatal(err)
			}
			u.Sites[1].Point = int32(len(c.instrs))
		}
		if m.Publish(&u) == nil {
			t.Errorf("%s is published", name)
		}
	}
}

// What a thread remembers of addresses is forgotten when other code may be there.
func TestReusedCodeMemoryIsNotMistaken(t *testing.T) {
	m := shuttles(t, 0, 3)
	s := NewStore(smallMemories)
	f := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(_ *Caller, stack []uint64) error {
		stack[0] *= 100
		return nil
	}})
	inst, err := s.Instantiate(m, "", []Extern{{Func: f}})
	if err != nil {
		t.Fatal(err)
	}
	publishShuttles(t, m, 0, 3)
	x, _ := inst.Export("f")
	th := s.NewThread()
	for range 2 {
		stack := []uint64{3}
		if err := th.Call(context.Background(), x.Func, stack); err != nil || stack[0] != 506 {
			t.Fatalf("%d, %v", stack[0], err)
		}
		// As if all that is remembered were of code that is gone.
		nt := th.native.Load()
		remembered := 0
		for k := range nt.cache {
			if e := &nt.cache[k]; e.pc != 0 {
				e.site, e.callee = &NativeSite{Kind: SiteTrap, Trap: TrapUnreachable}, nil
				e.inst = nil
				remembered++
			}
		}
		if remembered == 0 {
			t.Fatal("nothing is remembered")
		}
		codeReused.Add(1)
	}
}

// Memory that is used again says so.
func TestCodeMemorySaysThatItIsReused(t *testing.T) {
	c := codeMemory{most: 1 << 20, rest: 0}
	base, err := c.alloc([]byte{0xc3})
	if err != nil {
		t.Fatal(err)
	}
	before := codeReused.Load()
	c.release(base, 1)
	if codeReused.Load() == before {
		t.Error("code was given back, and nobody is told")
	}
}
