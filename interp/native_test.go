//go:build linux && amd64

package interp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// told is what a run has to say.
type told struct {
	result uint64
	err    string
	passed uint64
	memory uint64
	fuel   uint64
}

func TestMachineCodeDoesWhatTheInterpreterDoes(t *testing.T) {
	for leaf := range leaves {
		t.Run(leaves[leaf].name, func(t *testing.T) {
			var want map[uint64]told
			for native := -1; native < 4; native++ {
				got := map[uint64]told{}
				for _, n := range []uint64{0, 1, 2, 3, 17, 100, 5000} {
					m := shuttles(t, leaf, native)
					s := NewStore(Config{})
					host := 0
					f := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(c *Caller, stack []uint64) error {
						host++
						if stack[0] == 6 {
							stack[0] = uint64(host & 1)
							return nil
						}
						stack[0] *= 100
						return nil
					}})
					inst, err := s.Instantiate(m, "", []Extern{{Func: f}})
					if err != nil {
						t.Fatal(err)
					}
					if native > 0 {
						publishShuttles(t, m, leaf, native)
					}
					x, _ := inst.Export("f")
					th := s.NewThread()
					for run := range 3 {
						if run == 1 {
							s.CountSafepoints(0, 0, nil)
						}
						if run == 2 {
							th.SetFuel(1 << 20)
						}
						stack := []uint64{n}
						err = th.Call(context.Background(), x.Func, stack)
						w := told{result: stack[0], passed: s.freezer.passed, memory: inst.Memory(0).Size(), fuel: th.Fuel()}
						if err != nil {
							w.err = err.Error()
							var trap *Trap
							if errors.As(err, &trap) {
								w.err = fmt.Sprintf("%v %+v", trap.Code, trap.Trace)
							}
						}
						got[n<<8|uint64(run)] = w
						if th.sp != 0 {
							t.Fatalf("%d frames are left", th.sp)
						}
						if nt := th.native.Load(); nt != nil && (len(nt.segments) != 0 || nt.ctx.nsp != nt.top || nt.hidden) {
							t.Fatalf("%d segments are left, %d bytes of the machine stack", len(nt.segments), nt.top-nt.ctx.nsp)
						} else if nt == nil && native&1 != 0 && native > 0 {
							t.Fatal("no machine code has run")
						}
					}
				}
				if want == nil {
					want = got
				} else if !reflect.DeepEqual(got, want) {
					for k, w := range want {
						if g := got[k]; g != w {
							t.Errorf("native %d, n %d, run %d:\ngot  %+v\nwant %+v", native, k>>8, k&255, g, w)
						}
					}
				}
			}
		})
	}
}

// A program that is frozen at any of its safepoints and goes on elsewhere, with machine code there or not, computes the same.
func TestMachineFramesTravel(t *testing.T) {
	for _, leaf := range []int{0, 1, 3, 7, 8, 9} {
		for native := range 4 {
			for _, step := range []uint64{1, 3, 30} {
				host := func(m *Module) *HostFunc {
					return &HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(c *Caller, stack []uint64) error {
						stack[0] *= 100
						return nil
					}}
				}
				var want uint64
				for k, mode := range []int{-1, native} {
					m := shuttles(t, leaf, mode)
					s := NewStore(smallMemories)
					inst, err := s.Instantiate(m, "", []Extern{{Func: s.AddHostFunc(host(m))}})
					if err != nil {
						t.Fatal(err)
					}
					if mode > 0 {
						publishShuttles(t, m, leaf, mode)
					}
					var snap bytes.Buffer
					arm := func() {
						s.CountSafepoints(0, step, func(uint64) uint64 {
							snap.Reset()
							if err := s.Checkpoint(context.Background(), true, func(p *state.Program) error { return state.Encode(&snap, p, state.Options{}) }); err != nil {
								t.Error(err)
							}
							return 0
						})
					}
					if mode >= 0 {
						arm()
					}
					x, _ := inst.Export("f")
					res := []uint64{60}
					err = s.NewThread().Call(context.Background(), x.Func, res)
					moves := 0
					for ; errors.Is(err, ErrStopped); moves++ {
						file, err2 := state.Decode(bytes.NewReader(snap.Bytes()), int64(snap.Len()), state.Limits{})
						if err2 != nil {
							t.Fatal(err2)
						}
						s = NewStore(smallMemories)
						if err2 := s.Restore(&file.Program, Env{Module: func(*state.Module) (*Module, error) { return m, nil },
							HostFunc: func(string, string, *wasm.FuncType) (*HostFunc, error) { return host(m), nil }}); err2 != nil {
							t.Fatal(err2)
						}
						arm()
						res, err = s.Threads()[0].Resume(context.Background())
					}
					if err != nil {
						t.Fatalf("%s, native %d: %v", leaves[leaf].name, mode, err)
					}
					if k == 0 {
						want = res[0]
					} else if res[0] != want || moves < 2 {
						t.Errorf("%s, native %d, every %d safepoints: %d, want %d; %d moves", leaves[leaf].name, mode, step, res[0], want, moves)
					}
				}
			}
		}
	}
}

// Machine frames are searched for references when a step allocates.
func TestRootsOfMachineFrames(t *testing.T) {
	stress(t)
	m := textModule(t, `(module (type $s (struct (field i64))) (func $f (export "f") (param i64) (result i64) (local $r (ref null $s))
	  (local.set $r (struct.new $s (local.get 0)))
	  (if (result i64) (i64.eqz (local.get 0)) (then (i64.const 0))
	    (else (i64.add (call $f (i64.sub (local.get 0) (i64.const 1))) (struct.get $s 0 (local.get $r)))))))`)
	m.EnableNative(&handTier{}, 0, 0)
	s := NewStore(smallMemories)
	inst, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &hand{t: t, m: m, unit: &NativeUnit{Loop: -1}}
	h.begin()
	h.slotInt(true, 0, 0)
	h.slotInt(true, 0, 2)
	h.b8(0x48, 0xc7, 0x43, 8, 0, 0, 0, 0) // MOV [BX+8], 0
	made := h.step(opStructNew)
	h.call(CtxLeave)
	h.site(NativeSite{Kind: SiteStep, Step: made})
	h.slotInt(false, 1, int(made.code[0].a))
	h.slotInt(true, 1, 1)
	h.slotInt(false, 0, 0)
	h.b8(0x48, 0x85, 0xc0) // TEST AX, AX
	h.b8(0x0f, 0x84)       // JE
	h.imm32(0)
	je := len(h.b)
	h.b8(0x48, 0xff, 0xc8, 0x48, 0x83, 0xc3, 16) // DEC AX; ADD BX, 16
	h.b8(0x4d, 0x8b, 0x9f)
	h.imm32(int32(CtxInstance))
	h.b8(0x4d, 0x8b, 0x5b, 8*WordEntries)
	h.b8(0x41, 0xff, 0x13) // CALL [R11]
	h.site(NativeSite{Kind: SiteCall, Point: int32(h.find(opCall)) + 1, ArgSlot: 2})
	h.b8(0x48, 0x83, 0xeb, 16)
	h.slotInt(true, 0, 2)
	i := slices.IndexFunc(h.instrs(), func(in instr) bool { return strings.HasPrefix(in.op.String(), "structGet") })
	get := &NativeStep{code: []instr{h.instrs()[i], {code: codes[opStepDone], op: opStepDone}}, at: int32(i)}
	h.call(CtxLeave)
	h.site(NativeSite{Kind: SiteStep, Step: get})
	h.slotInt(false, 0, int(get.code[0].a))
	h.b8(0x48, 0x03, 0x83) // ADD AX, [BX+16]
	h.imm32(16)
	h.end()
	h.to(je)
	h.end()
	h.publish()
	x, _ := inst.Export("f")
	stack := []uint64{100}
	if err := s.NewThread().Call(context.Background(), x.Func, stack); err != nil || stack[0] != 5050 {
		t.Errorf("%d, %v\n%s", stack[0], err, listing(m, 0))
	}
}
