package jit

import (
	"fmt"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
)

// typeRegisters are where a record's address and the type wanted are at a SiteType, by target: what OpCheckType asks of the
// register allocator.
var typeRegisters = map[string][2]int8{"amd64": {10, 11}, "arm64": {9, 10}}

// unitOf makes what the interpreter has to know of machine code. Its addresses are not known yet.
func unitOf(arch string, code *ir.Code) (*interp.NativeUnit, error) {
	u := &interp.NativeUnit{}
	var err error
	if u.SiteOffsets, u.Sites, err = sitesOf(arch, code, code.Sites); err != nil {
		return nil, fmt.Errorf("sites: %w", err)
	}
	if u.FaultOffsets, u.Faults, err = sitesOf(arch, code, code.Faults); err != nil {
		return nil, fmt.Errorf("faults: %w", err)
	}
	if n := len(code.Bytes); code.Entry < 0 || code.Entry >= n || code.Fast < 0 || code.Fast >= n {
		return nil, fmt.Errorf("the entries %d and %d are not in %d bytes of code", code.Entry, code.Fast, n)
	}
	u.FrameBytes = int32(code.FrameBytes)
	return u, nil
}

func sitesOf(arch string, code *ir.Code, list []ir.CodeSite) ([]uint32, []interp.NativeSite, error) {
	offsets, sites := make([]uint32, len(list)), make([]interp.NativeSite, len(list))
	last := -1
	for i, s := range list {
		// A return address may stand right behind the code: what does not return is its end.
		if s.Offset <= last || s.Offset > len(code.Bytes) {
			return nil, nil, fmt.Errorf("offset %d is not between %d and %d", s.Offset, last+1, len(code.Bytes))
		}
		last = s.Offset
		frame := s.FrameBytes
		if frame < 0 {
			frame = code.FrameBytes
		}
		offsets[i] = uint32(s.Offset)
		sites[i] = interp.NativeSite{
			Kind: s.Site.Kind, Trap: s.Site.Trap, Pos: s.Site.Pos, Callee: s.Site.Callee,
			Point: int32(s.Site.Point), Acc: int32(s.Site.Acc), ArgSlot: int32(s.Site.ArgSlot),
			FrameBytes: int32(frame), Step: s.Site.Step, Mark: s.Site.Mark, Inlined: s.Site.Inlined,
		}
		if s.Site.Kind == interp.SiteType {
			r, ok := typeRegisters[arch]
			if !ok {
				return nil, nil, fmt.Errorf("the registers of checked types are not known for %s", arch)
			}
			sites[i].RegA, sites[i].RegB = r[0], r[1]
		}
	}
	return offsets, sites, nil
}
