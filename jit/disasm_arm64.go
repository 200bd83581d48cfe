package jit

import "golang.org/x/arch/arm64/arm64asm"

// decodeUnit is how much is skipped of what is no instruction.
const decodeUnit = 4

func decode(code []byte, pc uint64) (string, int) {
	i, err := arm64asm.Decode(code)
	if err != nil {
		return "", 0
	}
	return arm64asm.GNUSyntax(i), 4
}
