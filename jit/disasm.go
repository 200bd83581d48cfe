package jit

import "fmt"

// disassemble writes the first instruction of code, which stands at pc and is for this machine, and tells its length.
func disassemble(code []byte, pc uint64) (text string, n int) {
	text, n = decode(code, pc)
	if n <= 0 || n > len(code) {
		n = min(decodeUnit, len(code))
		text = fmt.Sprintf(".byte % x", code[:n])
	}
	return text, n
}
