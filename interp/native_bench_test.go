//go:build linux && amd64

package interp

import (
	"context"
	"fmt"
	"testing"
)

func BenchmarkNative(b *testing.B) {
	for _, tt := range []struct {
		name, text string
		fn         uint32
		code       func(*hand)
	}{
		{"the interpreter calls the interpreter", `(call $leaf (local.get 0))`, 0, nil},
		{"the interpreter calls machine code", `(call $leaf (local.get 0))`, 2, func(h *hand) {
			h.begin()
			h.end()
		}},
		{"machine code calls a host function", `(call $loop (local.get 0))`, 3, func(h *hand) {
			loopOf(h, func() {
				h.call(CtxLeave)
				h.site(NativeSite{Kind: SiteImport, Point: int32(h.find(opCallImport)) + 1, ArgSlot: 1})
			})
		}},
		{"machine code does a step", `(call $loop (local.get 0))`, 3, func(h *hand) {
			loopOf(h, func() {
				h.call(CtxLeave)
				h.site(NativeSite{Kind: SiteStep, Step: &NativeStep{code: []instr{{code: codes[opNop], op: opNop}, {code: codes[opStepDone], op: opStepDone}}}})
			})
		}},
		{"machine code calls the interpreter", `(call $loop (local.get 0))`, 3, func(h *hand) {
			loopOf(h, func() {
				h.b8(0x48, 0x83, 0xc3, 8) // ADD BX, 8
				h.b8(0x4d, 0x8b, 0x9f)
				h.imm32(int32(CtxInstance))
				h.b8(0x4d, 0x8b, 0x5b, 8*WordEntries)
				h.b8(0x41, 0xff, 0x93)
				h.imm32(8)
				h.site(NativeSite{Kind: SiteCall, Point: int32(h.find(opCall)) + 1, ArgSlot: 1, Callee: uint32(h.m.wasm.NumImportedFuncs) + 1})
				h.b8(0x48, 0x83, 0xeb, 8) // SUB BX, 8
			})
		}},
		{"the interpreter calls a host function", `(call $host (local.get 0))`, 0, nil},
	} {
		b.Run(tt.name, func(b *testing.B) {
			m := textModule(b, fmt.Sprintf(`(module (import "h" "f" (func $host (param i64) (result i64)))
			  (func (export "f") (param i64) (loop $l (drop %s) (br_if $l (i32.wrap_i64 (local.tee 0 (i64.sub (local.get 0) (i64.const 1)))))))
			  (func $leaf (param i64) (result i64) (local.get 0))
			  (func $loop (param i64) (result i64) (drop (call $host (i64.const 0))) (call $leaf (i64.const 0))))`, tt.text))
			m.EnableNative(&handTier{}, 0, 0)
			s := NewStore(Config{})
			host := s.AddHostFunc(&HostFunc{Type: *m.Wasm().FuncType(0), Call: func(*Caller, []uint64) error { return nil }})
			inst, err := s.Instantiate(m, "", []Extern{{Func: host}})
			if err != nil {
				b.Fatal(err)
			}
			if tt.fn != 0 {
				h := &hand{t: b, m: m, fn: tt.fn, unit: &NativeUnit{Func: tt.fn, Loop: -1}}
				tt.code(h)
				h.publish()
			}
			x, _ := inst.Export("f")
			n, stack := uint64(b.N), []uint64{0}
			if tt.fn == 3 {
				x.Func = inst.Func(3)
			}
			stack[0] = n
			b.ResetTimer()
			if err := s.NewThread().Call(context.Background(), x.Func, stack); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// loopOf does body as often as the argument says.
func loopOf(h *hand, body func()) {
	h.begin()
	at := len(h.b)
	h.slotInt(true, 0, 0)
	body()
	h.slotInt(false, 0, 0)
	h.b8(0x48, 0xff, 0xc8) // DEC AX
	h.b8(0x0f, 0x85)       // JNE
	h.imm32(int32(at - len(h.b) - 4))
	h.end()
}
