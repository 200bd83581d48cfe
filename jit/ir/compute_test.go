package ir

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// TestComputeDoesWhatTheInterpreterDoes compares each scalar numeric instruction with the interpreter, with operands at the limits.
func TestComputeDoesWhatTheInterpreterDoes(t *testing.T) {
	var ops []*wasm.OpInfo
	var text strings.Builder
	text.WriteString("(module")
	for o := range wasm.Ops() {
		if o.Op < wasm.OpI32Eqz || o.Op > wasm.OpI64Extend32S && o.Op < wasm.OpI32TruncSatF32S || o.Op > wasm.OpI64TruncSatF64U {
			continue
		}
		ops = append(ops, o)
		fmt.Fprintf(&text, "\n(func (export %q) (param", o.Name)
		for _, p := range o.Params {
			fmt.Fprintf(&text, " %s", p)
		}
		fmt.Fprintf(&text, ") (result %s) local.get 0 ", o.Results[0])
		if len(o.Params) > 1 {
			text.WriteString("local.get 1 ")
		}
		text.WriteString(o.Name + ")")
	}
	text.WriteString(")")
	bin, err := wat.Parse("compute", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	w, err := wasm.Decode(bin, ^wasm.Features(0))
	if err != nil {
		t.Fatal(err)
	}
	s := interp.NewStore(interp.Config{})
	i, err := s.Instantiate(interp.NewModule(w), "m", nil)
	if err != nil {
		t.Fatal(err)
	}
	th := s.NewThread()
	r := rand.New(rand.NewPCG(1, 2))
	pool := []uint64{0, 1, 2, 7, 31, 32, 63, 64, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1}
	for _, f := range []float64{0, 0.5, 1.5, 2.5, -0.5, -1, 1 << 31, 1<<31 - 1, -(1 << 31), -(1 << 31) - 1, 1 << 32, 1<<32 - 1, 1 << 63, -(1 << 63), 1 << 64, math.Inf(1), math.Inf(-1), math.NaN(), math.Copysign(0, -1), 1e300} {
		pool = append(pool, math.Float64bits(f), uint64(math.Float32bits(float32(f))))
	}
	number := func(v wasm.ValType) uint64 {
		x := pool[r.IntN(len(pool))]
		if r.IntN(4) == 0 {
			x = r.Uint64() >> r.IntN(64)
		}
		if v == wasm.I32 || v == wasm.F32 {
			x = uint64(uint32(x))
		}
		return x
	}
	for n, o := range ops {
		f := i.Func(uint32(n))
		for range 300 {
			stack := make([]uint64, 2)
			for k, p := range o.Params {
				stack[k] = number(p)
			}
			x, y := stack[0], stack[1]
			got, code, ok := Compute(o.Op, x, y)
			err := th.Call(context.Background(), f, stack)
			var trap *interp.Trap
			if errors.As(err, &trap) {
				if code != trap.Code {
					t.Errorf("%s %#x %#x: %v, not %v", o.Name, x, y, code, trap.Code)
				}
				continue
			}
			// Which of two NaNs comes out is up to the machine.
			nan := o.Results[0] == wasm.F32 && f32(got) != f32(got) && f32(stack[0]) != f32(stack[0]) ||
				o.Results[0] == wasm.F64 && math.IsNaN(math.Float64frombits(got)) && math.IsNaN(math.Float64frombits(stack[0]))
			if !ok || err != nil || code != 0 || got != stack[0] && !nan {
				t.Errorf("%s %#x %#x: %#x (%v, %v), not %#x (%v)", o.Name, x, y, got, code, ok, stack[0], err)
				break
			}
		}
	}
}
