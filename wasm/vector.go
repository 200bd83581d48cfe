package wasm

// atomic validates an atomic access, whose alignment must be exactly the natural one.
func (v *validator) atomic(info *OpInfo) {
	off := v.pos
	align := uint8(0)
	if off < v.end {
		align = v.b[off] & 0x3F // the bits above say that a memory is named, or are found to be wrong
	}
	addr := v.memarg(info.Align)
	if v.err == nil && align != info.Align {
		v.invalid(off, "atomic alignment must be natural: %s has 2**%d, not 2**%d", info.Name, align, info.Align)
	}
	v.fixed(info, addr)
}

// lane validates the instructions with lane indices.
func (v *validator) lane(info *OpInfo) {
	addr, lanes, n := ValType(0), info.lanes, 1
	switch info.Imm {
	case ImmMemargLane:
		addr = v.memarg(info.Align)
	case ImmShuffle:
		lanes, n = 32, 16
	}
	for range n {
		off := v.pos
		if i := v.byte(); i >= lanes && v.err == nil {
			v.invalid(off, "invalid lane index %d: %s has %d lanes", i, info.Name, lanes)
		}
	}
	v.fixed(info, addr)
}
