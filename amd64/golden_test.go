package amd64

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/arch/x86/x86asm"

	"github.com/godwit-vm/godwit/jit/ir"
)

// TestFolding shows the machine code of single values: what has been folded, and which instructions were chosen. Moves of the tests'
// allocator, prologue and stubs are left out. It has no AVX, which the disassembler does not know.
func TestFolding(t *testing.T) {
	for _, tt := range []struct {
		name, text, want string
	}{
		{"a comparison into a branch", `
	v0:i32 = param 0
	v1:i32 = const 7
	v2:i32 = i32.lt_s v0, v1
	trap_if v2 @trap{pos=1 trap=1}
	return`, "CMPL R, $0x7; JL; RET"},
		{"a negated comparison", `
	v0:i32 = param 0
	v1:i32 = param 1
	v2:i32 = i32.gt_u v0, v1
	v3:i32 = i32.eqz v2
	trap_if v3 @trap{pos=1 trap=1}
	return`, "CMPL R, R; JBE; RET"},
		{"a test of bits", `
	v0:i32 = param 0
	v1:i32 = const 7
	v2:i32 = i32.and v0, v1
	trap_if v2 @trap{pos=1 trap=1}
	return`, "TESTL $0x7, R; JNE; RET"},
		{"two comparisons that trap together", `
	v0:i32 = param 0
	v1:i32 = const -2147483648
	v2:i32 = i32.eq v0, v1
	v3:i32 = param 1
	v4:i32 = const -1
	v5:i32 = i32.eq v3, v4
	v6:i32 = i32.and v2, v5
	trap_if v6 @trap{pos=1 trap=1}
	return`, "CMPL R, $-0x80000000; JNE; CMPL R, $-0x1; JE; RET"},
		{"a load into a comparison", `
	v0:i32 = param 0
	v1:i64 = mem_base
	v2:i32 = i32.load v1, v0 imm=8
	v3:i32 = const 3
	v4:i32 = i32.eq v2, v3
	trap_if v4 @trap{pos=1 trap=1}
	return`, "CMPL 0x8(R14)(R*1), $0x3; JE; RET"},
		{"no load over a store", `
	v0:i32 = param 0
	v1:i64 = mem_base
	v2:i32 = i32.load v1, v0
	i32.store v1, v0, v0
	v4:i32 = i32.add v0, v2
	return v4`, "MOVL 0(R14)(R*1), R; MOVL R, 0(R14)(R*1); LEAL 0(R)(R*1), R; RET"},
		{"an operation in memory", `
	v0:i32 = param 0
	v1:i64 = mem_base
	v2:i32 = i32.load v1, v0 imm=8
	v3:i32 = param 1
	v4:i32 = i32.add v3, v2
	i32.store v1, v0, v4 imm=8
	v5:i32 = i32.load v1, v0 imm=16
	v6:i32 = const 3
	v7:i32 = i32.sub v5, v6
	i32.store v1, v0, v7 imm=16
	v8:i32 = i32.load v1, v0 imm=24
	v9:i32 = i32.sub v6, v8
	i32.store v1, v0, v9 imm=24
	return`, "ADDL R, 0x8(R14)(R*1); SUBL $0x3, 0x10(R14)(R*1); MOVL $0x3, R; SUBL 0x18(R14)(R*1), R; MOVL R, 0x18(R14)(R*1); RET"},
		{"an address of a word of an array", `
	v0:i64 = param 0
	v1:i32 = param 1
	v2:i64 = i64.extend_i32_u v1
	v3:i64 = const 3
	v4:i64 = i64.shl v2, v3
	v5:i64 = i64.add v0, v4
	v6:i64 = load_word v5 imm=16 width=8
	return v6`, "MOVQ 0x10(R)(R*8), R; RET"},
		{"a sum of a product", `
	v0:i32 = param 0
	v1:i32 = param 1
	v2:i32 = const 2
	v3:i32 = i32.shl v1, v2
	v4:i32 = i32.add v0, v3
	v5:i32 = const 9
	v6:i32 = i32.add v4, v5
	return v6`, "LEAL 0x9(R)(R*4), R; RET"},
		{"the lower half of an i64", `
	v0:i64 = param 0
	v1:i32 = param 1
	v2:i32 = i32.wrap_i64 v0
	v3:i32 = i32.xor v1, v2
	return v3`, "XORL R, R; RET"},
		{"masks", `
	v0:i64 = param 0
	v1:i64 = const 0xff
	v2:i64 = i64.and v0, v1
	v3:i64 = const 0xfffffff0
	v4:i64 = i64.and v2, v3
	return v4`, "MOVZX R, R; ANDL $-0x10, R; RET"},
		{"a constant into memory", `
	v0:i32 = param 0
	v1:i64 = mem_base
	v2:f64 = const 0
	f64.store v1, v0, v2 imm=8
	v3:i32 = const 300
	i32.store8 v1, v0, v3
	return`, "MOVQ $0x0, 0x8(R14)(R*1); MOVB $0x2c, 0(R14)(R*1); RET"},
		{"division by a constant", `
	v0:i32 = param 0
	v1:i32 = const 10
	v2:i32 = i32.div_u v0, v1
	return v2`, "MOVL $-0x33333333, R; IMULQ R, R; SHRQ $0x23, R; RET"},
		{"an unsigned remainder of a power of two", `
	v0:i32 = param 0
	v1:i32 = const 16
	v2:i32 = i32.rem_u v0, v1
	return v2`, "ANDL $0xf, R; RET"},
		{"a tail call", `
	v0:i32 = param 0
	v1:i64 = inst_word imm=1 aux=1
	tail_call v1, v0 imm=2`, "MOVQ 0x10(R15), R; MOVQ 0x8(R), R; JMP 0x10(R)"},
		{"a tail call through a record", `
	v0:i64 = param 0
	v1:i32 = param 1
	tail_call_record v0, v1`, "MOVQ 0(R), R13; JMP 0(R13)"},
		{"a tail call of itself", `
	v0:i32 = param 0
	tail_call_self v0`, "JMP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ty := "i32, i32"
			if strings.Contains(tt.text, "v0:i64 = param") {
				ty = "i64, i32"
			}
			f, err := ir.Parse("func 1 \"f\" loop=-1 room=4 (" + ty + ") fixed\nb0:" + tt.text + "\n")
			if err != nil {
				t.Fatal(err)
			}
			c, err := New(Features{SSE41: true}).Compile(allocate(t, New(Features{SSE41: true}), f, 1))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, listing(t, c)); diff != "" {
				t.Errorf("(-want +got)\n%s\n%s", diff, disassemble(c))
			}
		})
	}
}

// listing is the code of values, with all allocatable registers called R.
func listing(t *testing.T, c *ir.Code) string {
	t.Helper()
	var out []string
	for i, l := range c.Lines {
		if l.Value == nil || i+1 >= len(c.Lines) {
			continue
		}
		for at := l.Offset; at < c.Lines[i+1].Offset; {
			in, err := x86asm.Decode(c.Bytes[at:], 64)
			if err != nil {
				t.Fatalf("at %#x: %v", at, err)
			}
			s := x86asm.GoSyntax(in, uint64(at), nil)
			if in.PCRel != 0 { // where a jump goes is not the point
				s, _, _ = strings.Cut(s, " ")
			}
			at += in.Len
			if !ofAllocator(in) {
				out = append(out, renamed(s))
			}
		}
	}
	return strings.Join(out, "; ")
}

// ofAllocator tells whether an instruction is a move from or to a spill slot, or of the machine frame.
func ofAllocator(in x86asm.Inst) bool {
	for _, a := range in.Args {
		if m, ok := a.(x86asm.Mem); ok && m.Base == x86asm.RSP || a == x86asm.RSP {
			return true
		}
	}
	return false
}

// allocated are the names of registers that values are in.
var allocated = regexp.MustCompile(`\b(AX|CX|DX|SI|DI|BP|R8|R9|R10|R11|R12|AL|CL|DL|SIB|DIB|BPB)\b`)

// renamed calls the allocatable registers R.
func renamed(s string) string { return allocated.ReplaceAllString(s, "R") }
