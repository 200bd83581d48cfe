package jit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
)

func TestUnitsSayWhatTheirSitesAre(t *testing.T) {
	call := &ir.Site{Kind: interp.SiteCall, Pos: 7, Point: 3, Acc: 2, ArgSlot: 5, Callee: 9}
	entry := &ir.Site{Kind: interp.SiteEntry, Pos: 1}
	check := &ir.Site{Kind: interp.SiteType, Pos: 8}
	fault := &ir.Site{Kind: interp.SiteFault, Pos: 9, Trap: interp.TrapMemoryOutOfBounds}
	code := &ir.Code{
		Bytes: make([]byte, 64), Entry: 0, Fast: 16, FrameBytes: 24,
		Sites:  []ir.CodeSite{{Offset: 20, Site: call, FrameBytes: -1}, {Offset: 40, Site: entry, FrameBytes: 0}, {Offset: 64, Site: check, FrameBytes: -1}},
		Faults: []ir.CodeSite{{Offset: 17, Site: fault, FrameBytes: -1}},
	}
	for arch, regs := range map[string][2]int8{"amd64": {10, 11}, "arm64": {9, 10}} {
		u, err := unitOf(arch, code)
		if err != nil {
			t.Fatal(err)
		}
		want := &interp.NativeUnit{
			FrameBytes:  24,
			SiteOffsets: []uint32{20, 40, 64},
			Sites: []interp.NativeSite{
				{Kind: interp.SiteCall, Pos: 7, Callee: 9, Point: 3, Acc: 2, ArgSlot: 5, FrameBytes: 24},
				{Kind: interp.SiteEntry, Pos: 1},
				{Kind: interp.SiteType, Pos: 8, FrameBytes: 24, RegA: regs[0], RegB: regs[1]},
			},
			FaultOffsets: []uint32{17},
			Faults:       []interp.NativeSite{{Kind: interp.SiteFault, Pos: 9, Trap: interp.TrapMemoryOutOfBounds, FrameBytes: 24}},
		}
		if diff := cmp.Diff(want, u, cmp.AllowUnexported(interp.NativeSite{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", arch, diff)
		}
	}
}

func TestUnitsOfBrokenCodeAreRefused(t *testing.T) {
	site := &ir.Site{}
	for name, c := range map[string]struct {
		code ir.Code
		want string
	}{
		"sites that do not ascend": {ir.Code{Bytes: make([]byte, 8), Sites: []ir.CodeSite{{Offset: 4, Site: site}, {Offset: 4, Site: site}}}, "offset 4"},
		"a site behind the code":   {ir.Code{Bytes: make([]byte, 8), Sites: []ir.CodeSite{{Offset: 9, Site: site}}}, "offset 9"},
		"a fault before the code":  {ir.Code{Bytes: make([]byte, 8), Faults: []ir.CodeSite{{Offset: -1, Site: site}}}, "offset -1"},
		"an entry behind the code": {ir.Code{Bytes: make([]byte, 8), Entry: 8}, "entries 8"},
		"no code":                  {ir.Code{}, "0 bytes"},
	} {
		if _, err := unitOf("amd64", &c.code); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
