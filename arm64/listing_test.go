package arm64

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
	"golang.org/x/arch/arm64/arm64asm"
)

// listing disassembles.
func listing(code []byte) string {
	var s strings.Builder
	for i := 0; i+4 <= len(code); i += 4 {
		inst, err := arm64asm.Decode(code[i:])
		if err != nil {
			fmt.Fprintf(&s, "%4x: .word %#08x\n", i, binary.LittleEndian.Uint32(code[i:]))
			continue
		}
		fmt.Fprintf(&s, "%4x: %s\n", i, arm64asm.GNUSyntax(inst))
	}
	return s.String()
}

func TestDump(t *testing.T) {
	target := New(Features{})
	f := &ir.Func{Name: "test", Loop: -1, Room: 64}
	f.Entry = f.NewBlock()
	b := f.Entry
	x := f.Append(b, ir.OpSlotLoad, ir.I32)
	y := f.Append(b, wasm.OpI32Eqz, ir.I32, x)
	f.Append(b, ir.OpSlotStore, ir.Void, y).Imm = 8
	f.Append(b, ir.OpReturn, ir.Void)
	target.Select(f)
	c, err := target.Compile(spillAll(f, target, rand.New(rand.NewPCG(1, 2))))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("entry %x fast %x\n%s", c.Entry, c.Fast, listing(c.Bytes))
	a := getAssembler()
	a.rri(asSUB, 3, 3, 32)
	a.ldst(strX, linkReg, 3, 0)
	a.movSP(tmp, sp)
	a.ldst(strX, tmp, 3, 8)
	a.ldstFar(strX, 3, 0, 0x3000)
	a.movSP(sp, 3)
	a.movInt(contextReg, 0)
	back := a.newLabel()
	a.adr(linkReg, back)
	a.word(0xF81F0FE0 | uint32(linkReg))
	a.br(1)
	a.bind(back)
	a.ldst(ldrX, linkReg, sp, 0)
	a.ldst(ldrX, tmp, sp, 8)
	a.movSP(sp, tmp)
	a.ret()
	code, err := a.assemble()
	t.Logf("%v %s", err, listing(code))
}
