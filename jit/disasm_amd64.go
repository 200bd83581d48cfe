package jit

import "golang.org/x/arch/x86/x86asm"

// decodeUnit is how much is skipped of what is no instruction.
const decodeUnit = 1

func decode(code []byte, pc uint64) (string, int) {
	i, err := x86asm.Decode(code, 64)
	if err != nil {
		return "", 0
	}
	return x86asm.IntelSyntax(i, pc, nil), i.Len
}
