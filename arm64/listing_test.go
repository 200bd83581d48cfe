package arm64

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/arch/arm64/arm64asm"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
)

// direct gives each value a register of its own, in order.
func direct(f *ir.Func, t ir.Target) *ir.Allocation {
	al := &ir.Allocation{Func: f}
	places := make(map[*ir.Value]ir.Loc)
	ints, floats := ir.Reg(0), ir.Reg(32)
	place := func(v *ir.Value) ir.Loc {
		l, ok := places[v]
		if !ok {
			n := &ints
			if v.Type.Float() {
				n = &floats
			}
			l = ir.Loc{Kind: ir.InReg, Reg: *n}
			*n++
			places[v] = l
		}
		return l
	}
	var o ir.Operands
	for _, b := range f.Blocks {
		out := ir.AllocatedBlock{Block: b}
		for _, v := range b.Values {
			if v.Op == ir.OpConst || v.Folded {
				continue
			}
			t.Operands(v, &o)
			in := ir.Instr{Value: v}
			for _, u := range o.Uses {
				if u.Value.Op == ir.OpConst {
					l := ir.Loc{Kind: ir.IsConst, Const: u.Value}
					if u.Kind != ir.UseAny {
						out.Instrs = append(out.Instrs, ir.Instr{From: l, To: place(u.Value), Type: u.Value.Type})
						l = place(u.Value)
					}
					in.Uses = append(in.Uses, l)
					continue
				}
				in.Uses = append(in.Uses, place(u.Value))
			}
			switch o.Result {
			case ir.SameResult:
				in.Result = in.Uses[0]
				places[v] = in.Result
			case ir.NoResult:
			default:
				in.Result = place(v)
			}
			out.Instrs = append(out.Instrs, in)
		}
		al.Blocks = append(al.Blocks, out)
	}
	return al
}

// The instructions that are chosen. Prologue, return and stubs are left out, and where branches go.
func TestListings(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       string
	}{
		{"an immediate", `
	v0:i32 = slot_load imm=0
	v1:i32 = const -5
	v2:i32 = i32.add v0, v1
	v3:i32 = const 255
	v4:i32 = i32.and v2, v3
	v5:i32 = const 74565
	v6:i32 = i32.xor v4, v5
	slot_store v6 imm=1`, `
ldr w0, [x25]
sub w1, w0, #0x5
and w2, w1, #0xff
mov x3, #0x2345
movk x3, #0x1, lsl #16
eor w4, w2, w3
str x4, [x25,#8]`},
		{"shifted and extended operands", `
	v0:i64 = slot_load imm=0
	v1:i64 = slot_load imm=1
	v2:i64 = const 3
	v3:i64 = i64.shl v1, v2
	v4:i64 = i64.add v3, v0
	v5:i32 = slot_load imm=2
	v6:i64 = i64.extend_i32_u v5
	v7:i64 = i64.shl v6, v2
	v8:i64 = i64.add v4, v7
	v9:i64 = i64.mul v8, v0
	v10:i64 = i64.sub v4, v9
	v11:i64 = const -1
	v12:i64 = i64.xor v10, v11
	v13:i64 = i64.and v12, v1
	slot_store v13 imm=3`, `
ldr x0, [x25]
ldr x1, [x25,#8]
add x2, x0, x1, lsl #3
ldr w3, [x25,#16]
add x4, x2, w3, uxtw #3
msub x5, x4, x0, x2
bic x6, x1, x5
str x6, [x25,#24]`},
		{"bit fields", `
	v0:i32 = slot_load imm=0
	v1:i32 = const 5
	v2:i32 = i32.shr_u v0, v1
	v3:i32 = const 63
	v4:i32 = i32.and v2, v3
	slot_store v4 imm=0`, `
ldr w0, [x25]
ubfx w1, w0, #5, #6
str x1, [x25]`},
		{"a comparison in a select", `
	v0:i32 = slot_load imm=0
	v1:i32 = const -1
	v2:i32 = i32.lt_s v0, v1
	v3:i32 = const 0
	v4:i32 = select v0, v3, v2
	slot_store v4 imm=0`, `
ldr w0, [x25]
cmn w0, #0x1
csel w1, w0, wzr, lt
str x1, [x25]`},
		{"conditions of traps", `
	v0:i32 = slot_load imm=0
	v1:i64 = slot_load imm=1
	v2:i32 = i32.eqz v0
	trap_if v2 @trap{pos=1 trap=1}
	v3:i32 = const 8
	v4:i32 = i32.and v0, v3
	trap_if v4 @trap{pos=1 trap=1}
	v5:i64 = const 0
	v6:i32 = i64.lt_s v1, v5
	trap_if v6 @trap{pos=1 trap=1}
	v7:i32 = i64.gt_u v1, v5
	v8:i32 = i32.eqz v7
	trap_if v8 @trap{pos=1 trap=1}
	v9:f64 = slot_load imm=2
	v10:i32 = f64.lt v9, v9
	v11:i32 = i32.eqz v10
	trap_if v11 @trap{pos=1 trap=1}`, `
ldr w0, [x25]
ldr x1, [x25,#8]
cbz w0, 
tbnz w0, #3, 
tbnz x1, #63, 
cmp x1, xzr
b.ls 
ldr d0, [x25,#16]
fcmp d0, d0
b.pl `},
		{"addresses", `
	v0:i32 = slot_load imm=0
	v1:i64 = mem_base
	v2:i32 = i32.load8_s v1, v0
	v3:i64 = i64.load v1, v0 imm=16
	v4:f64 = f64.load v1, v0 imm=70000
	v5:i32 = const 64
	v6:f32 = f32.load v1, v5 imm=4
	v7:i32 = const 0
	i32.store v1, v0, v7 imm=8`, `
ldr w0, [x25]
ldrsb w1, [x24,w0,uxtw]
add x16, x24, w0, uxtw
ldr x2, [x16,#16]
add x16, x24, w0, uxtw
add x16, x16, #0x11, lsl #12
ldr d0, [x16,#368]
ldr s1, [x24,#68]
add x16, x24, w0, uxtw
str wzr, [x16,#8]`},
		{"a wrapped value is its lower half", `
	v0:i64 = slot_load imm=0
	v1:i32 = i32.wrap_i64 v0
	v2:i32 = const 1
	v3:i32 = i32.add v1, v2
	v4:i32 = i32.wrap_i64 v0
	v5:i64 = mem_base
	i32.store8 v5, v3, v4
	slot_store v3 imm=0`, `
ldr x0, [x25]
add w1, w0, #0x1
strb w0, [x24,w1,uxtw]
str x1, [x25]`},
		{"constants", `
	v0:i64 = const 0x123456789abc
	slot_store v0 imm=0
	v1:i64 = const -2
	slot_store v1 imm=0
	v2:i64 = const 0xff00ff00ff00ff0
	slot_store v2 imm=0
	v3:f64 = const 0x3ff0000000000000
	v4:f64 = f64.add v3, v3
	v5:i32 = const -2
	slot_store v5 imm=0
	slot_store v4 imm=1`, `
mov x16, #0x9abc
movk x16, #0x5678, lsl #16
movk x16, #0x1234, lsl #32
str x16, [x25]
mov x16, #0xfffffffffffffffe
str x16, [x25]
mov x16, #0xff00ff00ff00ff0
str x16, [x25]
fmov d0, #1.000000000000000000e+00
fmov d0, #1.000000000000000000e+00
fadd d1, d0, d0
mov x16, #0xfffffffe
str x16, [x25]
str d1, [x25,#8]`},
		{"division by a constant", `
	v0:i64 = slot_load imm=0
	v1:i64 = const 8
	v2:i64 = i64.div_s v0, v1
	v3:i64 = const 10
	v4:i64 = i64.rem_u v2, v3
	slot_store v4 imm=0`, `
ldr x0, [x25]
asr x16, x0, #63
add x16, x0, x16, lsr #61
asr x1, x16, #3
mov x16, #0x999a
movk x16, #0x9999, lsl #16
movk x16, #0x9999, lsl #32
movk x16, #0x9999, lsl #48
umulh x16, x16, x1
sub x17, x1, x16
add x16, x16, x17, lsr #1
lsr x16, x16, #3
mov x17, #0xa
msub x2, x16, x17, x1
str x2, [x25]`},
		{"a poll", `
	v0:i32 = slot_load imm=0
	poll @poll{pos=80 point=4 acc=-1 state=[0:v0]}`, `
ldr w0, [x25]
ldr x16, [x26]
cbz x16, `},
		{"a tail call", `
	v0:i32 = slot_load imm=0
	v1:i64 = inst_word imm=1 aux=1
	tail_call v1, v0 imm=2`, `
ldr w0, [x25]
ldr x30, [sp],#16
ldr x16, [x26,#CtxInstance]
ldr x16, [x16,#8]
ldr x16, [x16,#16]
br x16`},
		{"a tail call of itself", `
	v0:i32 = slot_load imm=0
	tail_call_self v0`, `
ldr w0, [x25]
b `},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := c.text
			if !strings.Contains(text, "tail_call") {
				text += "\n\treturn"
			}
			f, err := ir.Parse("func 0 \"test\" loop=-1 room=8 ()\nb0:" + text + "\n")
			if err != nil {
				t.Fatal(err)
			}
			target := New(Features{})
			target.Select(f)
			al := direct(f, target)
			for i := range al.Blocks[0].Instrs {
				if v := al.Blocks[0].Instrs[i].Value; v != nil && v.Site != nil {
					for _, s := range v.Site.State {
						for _, in := range al.Blocks[0].Instrs {
							if in.Value == s.Value {
								al.Blocks[0].Instrs[i].State = append(al.Blocks[0].Instrs[i].State, in.Result)
							}
						}
					}
				}
			}
			code, err := target.Compile(al)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			body := false
			for i := 0; i < len(code.Bytes); i += 4 {
				for _, l := range code.Lines {
					if l.Offset == i {
						body = l.Value != nil && l.Value.Op != ir.OpReturn
					}
				}
				if !body && len(got) > 0 {
					break
				}
				if body {
					inst, err := arm64asm.Decode(code.Bytes[i:])
					if err != nil {
						t.Fatalf("%x: %v", code.Bytes[i:i+4], err)
					}
					s, _, _ := strings.Cut(arm64asm.GNUSyntax(inst), ".+0x")
					got = append(got, s)
				}
			}
			want := strings.ReplaceAll(strings.TrimPrefix(c.want, "\n"), "CtxInstance", fmt.Sprint(interp.CtxInstance)) // it depends on the host
			if d := cmp.Diff(strings.Split(want, "\n"), got); d != "" {
				t.Error(d)
			}
		})
	}
}
