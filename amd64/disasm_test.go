package amd64

import (
	"fmt"
	"strings"

	"golang.org/x/arch/x86/x86asm"

	"github.com/godwit-vm/godwit/jit/ir"
)

// disassemble lists code. What the disassembler does not know, AVX among it, is shown as bytes up to the next value's code.
func disassemble(c *ir.Code) string {
	var s strings.Builder
	for at := 0; at < len(c.Bytes); {
		for _, l := range c.Lines {
			if l.Offset == at && l.Value != nil {
				fmt.Fprintf(&s, "  ; %v\n", l.Value)
			}
		}
		in, err := x86asm.Decode(c.Bytes[at:], 64)
		if err != nil || in.Len == 0 {
			fmt.Fprintf(&s, "%4x  .byte %#02x\n", at, c.Bytes[at])
			at++
			continue
		}
		fmt.Fprintf(&s, "%4x  %s\n", at, x86asm.GoSyntax(in, uint64(at), nil))
		at += in.Len
	}
	return s.String()
}
