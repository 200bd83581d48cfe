package wasm

import "fmt"

// push puts an operand on the stack.
func (v *validator) push(t ValType) {
	if len(v.vals) == cap(v.vals) && !v.growStack(1) {
		return
	}
	v.vals = append(v.vals, t)
}

// growStack makes room for n operands more, or fails. The capacity never goes beyond the limit, so that whoever finds
// room need not ask for the limit.
func (v *validator) growStack(n int) bool {
	if len(v.vals)+n > maxHeight {
		v.limit(v.at, "operand stack too high: at most %d values are supported", maxHeight)
		return false
	}
	if size := min(max(2*cap(v.vals), len(v.vals)+n), maxHeight); size > cap(v.vals) {
		vals := make([]ValType, len(v.vals), size)
		copy(vals, v.vals)
		v.vals = vals
	}
	return true
}

// pushAll puts operands on the stack, the last on top.
func (v *validator) pushAll(types []ValType) {
	if len(v.vals)+len(types) > cap(v.vals) && !v.growStack(len(types)) {
		return
	}
	v.vals = append(v.vals, types...)
}

// pop takes the top operand, which must be of type want.
func (v *validator) pop(want ValType) {
	if n := len(v.vals) - 1; n >= v.base && v.vals[n] == want {
		v.vals = v.vals[:n]
		return
	}
	v.popSlow(want)
}

// popSlow is pop where the operand is missing, unknown or of another type, which a subtype may be.
func (v *validator) popSlow(want ValType) {
	if len(v.vals) == v.base && !v.dead() {
		v.mismatch(want.String(), "nothing")
	} else if got := v.popAny(); !v.matches(got, want) {
		v.mismatch(want.String(), got.String())
	}
}

// popAny takes the top operand of whatever type. Behind an unconditional branch there is always one more, of unknown type.
func (v *validator) popAny() ValType {
	n := len(v.vals) - 1
	if n < v.base {
		if !v.dead() {
			v.mismatch("an operand", "nothing")
		}
		return unknown
	}
	t := v.vals[n]
	v.vals = v.vals[:n]
	return t
}

// popRef takes a reference and returns its type: unknownRef in unreachable code, where it can be any.
func (v *validator) popRef() ValType {
	t := v.popAny()
	switch {
	case t == unknown:
		return unknownRef
	case t != unknownRef && !t.IsRef():
		v.mismatch("a reference", t.String())
		return unknownRef
	}
	return t
}

// dead tells whether the instruction at hand cannot be reached.
func (v *validator) dead() bool { return v.ctrl[len(v.ctrl)-1].dead }

// popAll takes operands, the last of types first.
func (v *validator) popAll(types []ValType) {
	if n := len(v.vals) - len(types); v.topIs(types) || n >= v.base && v.matchesAll(v.vals[n:], types) {
		v.vals = v.vals[:n]
		return
	}
	for i := len(types) - 1; i >= 0 && !v.bottomless(); i-- {
		if v.popSlow(types[i]); v.err != nil {
			return
		}
	}
}

// bottomless tells whether the block at hand has any operand that is asked for: none are left, and it cannot be reached.
func (v *validator) bottomless() bool { return len(v.vals) == v.base && v.dead() }

// topIs tells whether the top operands are there and exactly of the types, as they are but in unreachable code.
func (v *validator) topIs(types []ValType) bool {
	n := len(v.vals) - len(types)
	if n < v.base {
		return false
	}
	for i, t := range v.vals[n:] {
		if t != types[i] {
			return false
		}
	}
	return true
}

// checkTop fails unless popAll would take the types, but leaves the stack as it is.
func (v *validator) checkTop(types []ValType) {
	if v.topIs(types) {
		return
	}
	n := len(v.vals)
	for i := len(types) - 1; i >= 0; i-- {
		if n--; n < v.base {
			if !v.dead() {
				v.mismatch(types[i].String(), "nothing")
			}
			return
		}
		if got := v.vals[n]; !v.matches(got, types[i]) {
			v.mismatch(types[i].String(), got.String())
			return
		}
	}
}

// fixed applies the row of an instruction whose types are fixed; addr stands for Addr in it.
func (v *validator) fixed(info *OpInfo, addr ValType) {
	top := len(v.vals) - int(info.nin)
	if info.addr {
		for i := int(info.nin) - 1; i >= 0; i-- {
			v.pop(resolve(info.in[i], addr))
		}
		if info.nout != 0 {
			v.push(resolve(info.out[0], addr))
		}
		return
	}
	if top >= v.base {
		ok := true
		for i, t := range v.vals[top:] {
			ok = ok && t == info.in[i]
		}
		if ok {
			v.vals = v.vals[:top]
			v.pushResults(info)
			return
		}
	}
	for i := int(info.nin) - 1; i >= 0; i-- {
		v.popSlow(info.in[i])
	}
	v.pushResults(info)
}

// pushResults puts the results of a row on the stack, of which there are at most two.
func (v *validator) pushResults(info *OpInfo) {
	if info.nout == 0 {
		return
	}
	v.push(info.out[0])
	if info.nout == 2 {
		v.push(info.out[1])
	}
}

// resolve puts the address type in Addr's place.
func resolve(t, addr ValType) ValType {
	if t == Addr {
		return addr
	}
	return t
}

// mismatch fails with what the instruction at hand wants and what it finds.
func (v *validator) mismatch(want, got string) {
	v.invalid(v.at, "type mismatch: %s expects %s, found %s", v.name(), want, got)
}

// describe writes what the operands of the block at hand are.
func (v *validator) describe() string {
	if n := len(v.vals) - v.base; n > 8 {
		return fmt.Sprintf("%d values", n)
	}
	return typeList(v.vals[v.base:])
}
