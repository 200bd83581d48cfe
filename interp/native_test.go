//go:build linux && amd64

package interp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// Machine code written by hand: two functions that call each other, and what the innermost activation does (the leaf) in as many ways as
// machine code can be left. Each program runs with every choice of functions that have machine code, and must be
// what the interpreter alone makes of it.

// handTier compiles nothing; tests publish what they want.
type handTier struct{ heard []int }

func (h *handTier) Hot(m *Module, fn uint32, loop int) uint32 {
	h.heard = append(h.heard, loop)
	return 0
}

// hand assembles a unit.
type hand struct {
	masm
	t      testing.TB
	m      *Module
	fn     uint32
	unit   *NativeUnit
	frame  int32
	frames int // offset of the frame's allocation, behind the prologue's checks
}

func (h *hand) b8(op ...byte)            { h.code(op...) }
func (h *hand) site(s NativeSite)        { h.sites(&h.unit.SiteOffsets, &h.unit.Sites, s) }
func (h *hand) instrs() []instr          { c, _ := h.m.code(h.fn); return c.instrs }
func (h *hand) offset(index int) uint32  { return h.m.layout(h.fn, nil, nil).offset(index) }
func (h *hand) leaf(f func(*hand)) *hand { f(h); return h }

func (h *hand) sites(offs *[]uint32, sites *[]NativeSite, s NativeSite) {
	if s.Kind != SiteEntry && s.FrameBytes == 0 {
		s.FrameBytes = h.frame
	}
	*offs, *sites = append(*offs, uint32(len(h.b))), append(*sites, s)
}

// find is the index of the k-th instruction o of the function.
func (h *hand) find(o op) int {
	h.t.Helper()
	i := slices.IndexFunc(h.instrs(), func(in instr) bool { return in.op&^safepoint == o })
	if i < 0 {
		h.t.Fatalf("no %v in\n%s", o, listing(h.m, h.fn))
	}
	return i
}

// begin is the prologue of a function with an i64 in AX.
func (h *hand) begin() {
	h.frame = 24
	c, _ := h.m.code(h.fn)
	h.slotInt(false, 0, 0)
	h.unit.Fast = uintptr(len(h.b))
	h.b8(0x4c, 0x8d, 0xab) // LEA R13, [BX+8*room]
	h.imm32(int32(8 * c.room))
	h.b8(0x4d, 0x3b, 0xaf) // CMP R13, limit
	h.imm32(int32(CtxLimit))
	h.b8(0x0f, 0x87) // JA stub
	h.imm32(0)
	ja := len(h.b)
	h.b8(0x49, 0x3b, 0xa7) // CMP SP, nativeLimit
	h.imm32(int32(CtxNativeLimit))
	h.b8(0x0f, 0x83) // JAE body
	h.imm32(0)
	jae := len(h.b)
	h.to(ja)
	h.slotInt(true, 0, 0)
	h.call(CtxLeaveSaving)
	h.site(NativeSite{Kind: SiteEntry})
	h.to(jae)
	h.b8(0x48, 0x83, 0xec, byte(h.frame)) // SUB SP, frame
}

// to makes the jump before offset at come here.
func (h *hand) to(at int) {
	d := len(h.b) - at
	h.b[at-4], h.b[at-3], h.b[at-2], h.b[at-1] = byte(d), byte(d>>8), byte(d>>16), byte(d>>24)
}

func (h *hand) end() {
	h.b8(0x48, 0x83, 0xc4, byte(h.frame)) // ADD SP, frame
	h.ret()
}

func (h *hand) publish() {
	h.t.Helper()
	base, err := NewNativeCode(h.b)
	if err != nil {
		h.t.Fatal(err)
	}
	u := h.unit
	u.Base, u.Size = base, uintptr(len(h.b))
	u.Entry += base
	u.Fast += base
	u.Memory = h.m.NativeMemory()
	h.m.Publish(u)
}

// shuttle makes the machine code of function fn: (n) → n == 0 ? leaf : callee(n-1) + n.
func shuttle(t *testing.T, m *Module, fn, callee uint32, leaf func(*hand)) {
	t.Helper()
	h := &hand{t: t, m: m, fn: fn, unit: &NativeUnit{Func: fn, Loop: -1}}
	h.begin()
	h.slotInt(true, 0, 0)
	h.b8(0x48, 0x85, 0xc0) // TEST AX, AX
	h.b8(0x0f, 0x84)       // JE
	h.imm32(0)
	je := len(h.b)
	h.b8(0x48, 0xff, 0xc8)      // DEC AX
	h.b8(0x48, 0x83, 0xc3, 8)   // ADD BX, 8
	h.b8(0x4d, 0x8b, 0x9f)      // MOV R11, instance
	h.imm32(int32(CtxInstance)) //
	h.b8(0x4d, 0x8b, 0x5b)      // MOV R11, [R11+entries]
	h.b8(8 * WordEntries)       //
	h.b8(0x41, 0xff, 0x93)      // CALL [R11+8*k]
	h.imm32(int32(8 * (int(callee) - m.wasm.NumImportedFuncs)))
	h.site(NativeSite{Kind: SiteCall, Point: int32(h.find(opCall)) + 1, ArgSlot: 1, Callee: callee})
	h.b8(0x48, 0x83, 0xeb, 8) // SUB BX, 8
	h.b8(0x48, 0x03, 0x03)    // ADD AX, [BX]
	h.end()
	h.to(je)
	leaf(h)
	h.end()
	h.publish()
}

// shuttleText is the module. body stands in for the leaf, around for how the second function calls the first.
func shuttleText(leaf, around string) string {
	return fmt.Sprintf(`(module (import "h" "f" (func $host (param i64) (result i64))) (memory 1 4) (tag $e (param i64))
	  (type $t (func (param i64) (result i64))) (table 4 funcref) (elem (i32.const 1) $host $a)
	  (func $a (export "f") (param i64) (result i64)
	    (if (result i64) (i64.eqz (local.get 0)) (then %s)
	      (else (i64.add (call $b (i64.sub (local.get 0) (i64.const 1))) (local.get 0)))))
	  (func $b (export "g") (param i64) (result i64)
	    (if (result i64) (i64.eqz (local.get 0)) (then %s)
	      (else (i64.add %s (local.get 0))))))`, leaf, leaf, fmt.Sprintf(around, `(call $a (i64.sub (local.get 0) (i64.const 1)))`))
}

const plain, catching = "%s", "(block $h (result i64) (try_table (result i64) (catch $e $h) %s))"

// leaves are what machine code does at the innermost activation.
var leaves = []struct {
	name, text, around string
	code               func(*hand)
}{
	{"host", `(call $host (i64.const 5))`, plain, func(h *hand) {
		h.store(1, 5)
		h.call(CtxLeave)
		h.site(NativeSite{Kind: SiteImport, Point: int32(h.find(opCallImport)) + 1, ArgSlot: 1})
		h.slotInt(false, 0, 1)
	}},
	{"exit", `(call $host (i64.const 5))`, plain, func(h *hand) {
		h.call(CtxLeave)
		h.site(NativeSite{Kind: SiteExit, Point: int32(h.find(opCallImport)) - 1, Acc: -1})
		h.b8(0xcc)
	}},
	{"trap", `(unreachable)`, plain, func(h *hand) {
		h.call(CtxLeave)
		h.site(NativeSite{Kind: SiteTrap, Trap: TrapUnreachable, Pos: h.offset(h.find(opUnreachable))})
	}},
	{"step", `(i64.extend_i32_u (memory.grow (i32.const 1)))`, plain, func(h *hand) {
		h.store(1, 1)
		h.call(CtxLeave)
		h.site(NativeSite{Kind: SiteStep, Step: h.step(opMemoryGrow)})
		h.slotInt(false, 0, 1)
	}},
	{"step that traps", `(i64.extend_i32_u (table.grow (ref.null func) (i32.const 1))) (memory.fill (i32.const -1) (i32.const 0) (i32.const 9))`, plain, func(h *hand) {
		h.store(1, 4)
		h.store(2, 0xffffffff)
		h.store(3, 0)
		h.store(4, 9)
		h.call(CtxLeave)
		h.site(NativeSite{Kind: SiteStep, Step: h.step(opMemoryFill)})
	}},
	{"fault", `(i64.load offset=65535 (i32.const 1))`, plain, func(h *hand) {
		h.b8(0xb8) // MOV AX, imm
		h.imm32(65536)
		h.sites(&h.unit.FaultOffsets, &h.unit.Faults, NativeSite{Kind: SiteFault, Trap: TrapMemoryOutOfBounds, Pos: h.offset(h.load64())})
		h.load()
	}},
	{"throw", `(throw $e (i64.const 77))`, plain, func(h *hand) { h.throwing() }},
	{"throw that is caught", `(throw $e (i64.const 77))`, catching, func(h *hand) { h.throwing() }},
	{"poll", `(call $host (loop (result i64) (i64.const 5)))`, plain, func(h *hand) {
		h.b8(0x49, 0x83, 0xbf) // CMP limit, 0
		h.imm32(int32(CtxLimit))
		h.b8(0)
		h.b8(0x0f, 0x85) // JNE
		h.imm32(0)
		jne := len(h.b)
		h.call(CtxLeaveSaving)
		h.site(NativeSite{Kind: SitePoll, Point: int32(h.find(opLoopHead))})
		h.to(jne)
		h.store(1, 5)
		h.call(CtxLeave)
		h.site(NativeSite{Kind: SiteImport, Point: int32(h.find(opCallImport)) + 1, ArgSlot: 1})
		h.slotInt(false, 0, 1)
	}},
	{"indirect call of a host function", `(call_indirect (type $t) (i64.const 5) (i32.const 1))`, plain, func(h *hand) { h.indirect(1) }},
	{"indirect call of wasm", `(if (result i64) (i32.wrap_i64 (call $host (i64.const 6))) (then (call_indirect (type $t) (i64.const 3) (i32.const 2))) (else (i64.const 9)))`, plain, func(h *hand) {
		h.store(1, 6)
		h.call(CtxLeave)
		h.site(NativeSite{Kind: SiteImport, Point: int32(h.find(opCallImport)) + 1, ArgSlot: 1})
		h.slotInt(false, 0, 1)
		h.b8(0x85, 0xc0, 0x0f, 0x85) // TEST EAX, EAX; JNE
		h.imm32(0)
		jne := len(h.b)
		h.b8(0xb8)
		h.imm32(9)
		h.end()
		h.to(jne)
		h.indirectOf(2, 3)
	}},
}

// store puts a constant into a slot.
func (h *hand) store(slot int, v uintptr) {
	h.b8(0x49, 0xbd)
	h.imm64(v)
	h.slotInt(true, 13, slot)
}

func (h *hand) load64() int {
	return slices.IndexFunc(h.instrs(), func(in instr) bool {
		return strings.HasPrefix(in.op.String(), "load") || strings.Contains(in.op.String(), "Load")
	})
}

func (h *hand) throwing() {
	h.store(1, 77)
	h.call(CtxLeave)
	h.site(NativeSite{Kind: SiteStep, Step: h.step(opThrow)})
}

func (h *hand) indirect(elem uintptr) { h.indirectOf(elem, 5) }

// indirectOf calls what element elem of table 0 refers to with arg.
func (h *hand) indirectOf(elem, arg uintptr) {
	lay := h.m.NativeLayout()
	in := h.instrs()[h.find(opCallIndirect)]
	h.store(int(in.b), elem)
	h.b8(0x4d, 0x8b, 0x9f) // MOV R11, instance
	h.imm32(int32(CtxInstance))
	h.b8(0x4d, 0x8b, 0x93) // MOV R10, [R11+tables]
	h.imm32(int32(8 * lay.Tables))
	h.b8(0x4d, 0x8b, 0x12) // MOV R10, [R10]
	h.b8(0x4d, 0x8b, 0x52, byte(8*elem))
	h.b8(0x49, 0xff, 0xca)        // DEC R10
	h.b8(0x49, 0xc1, 0xe2, 4)     // SHL R10, 4
	h.b8(0x4d, 0x03, 0x53)        // ADD R10, [R11+funcs]
	h.b8(8 * WordFuncs)           //
	h.b8(0x49, 0x8b, 0x52, 8)     // MOV DX, [R10+8]
	h.b8(0x4d, 0x8b, 0x9b)        // MOV R11, [R11+types]
	h.imm32(int32(8 * lay.Types)) // of $t, or one that is the same
	h.call(CtxLeaveSaving)        // as if they differed
	h.site(NativeSite{Kind: SiteType, RegA: 10, RegB: 11, Pos: h.offset(h.find(opCallIndirect))})
	h.b8(0xb8)
	h.imm32(int32(arg))
	h.b8(0x48, 0x81, 0xc3)
	h.imm32(int32(8 * in.a))
	h.b8(0x4d, 0x8b, 0x1a) // MOV R11, [R10]
	h.b8(0x41, 0xff, 0x13) // CALL [R11]
	h.site(NativeSite{Kind: SiteCall, Point: int32(h.find(opCallIndirect)) + 1, ArgSlot: int32(in.a)})
	h.b8(0x48, 0x81, 0xeb)
	h.imm32(int32(8 * in.a))
}

// step is the instruction o as a step.
func (h *hand) step(o op) *NativeStep {
	i := h.find(o)
	return &NativeStep{code: []instr{h.instrs()[i], {code: codes[opStepDone], op: opStepDone}}, at: int32(i)}
}

// shuttles makes a module whose functions have machine code where native has bits.
func shuttles(t *testing.T, leaf int, native int) *Module {
	l := &leaves[leaf]
	m := textModule(t, shuttleText(l.text, l.around))
	if native < 0 {
		return m
	}
	if !m.EnableNative(&handTier{}, 0, 0) {
		t.Fatal(NativeAvailable())
	}
	return m
}

func publishShuttles(t *testing.T, m *Module, leaf, native int) {
	l := &leaves[leaf]
	for k := range uint32(2) {
		if native>>k&1 != 0 {
			shuttle(t, m, 1+k, 2-k, l.code)
		}
	}
}

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

// A host function called from machine code calls back, waits, fails, throws and panics; frames below are what they were.
func TestMachineCodeBelowHostFunctions(t *testing.T) {
	for _, leaf := range []int{0, 9} {
		var want []string
		for native := -1; native < 4; native++ {
			m := shuttles(t, leaf, native)
			s := NewStore(Config{})
			var does func(c *Caller, stack []uint64) error
			f := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(c *Caller, stack []uint64) error { return does(c, stack) }})
			inst, err := s.Instantiate(m, "", []Extern{{Func: f}})
			if err != nil {
				t.Fatal(err)
			}
			if native > 0 {
				publishShuttles(t, m, leaf, native)
			}
			x, _ := inst.Export("f")
			g, _ := inst.Export("g")
			var got []string
			th := s.NewThread()
			depth := 0
			call := func(n uint64) {
				stack := []uint64{n}
				err := func() (err error) {
					defer func() {
						if p := recover(); p != nil {
							err = fmt.Errorf("panic %v", p)
						}
					}()
					return th.Call(context.Background(), x.Func, stack)
				}()
				got = append(got, fmt.Sprint(stack, err, th.sp))
				depth = 0
			}
			does = func(c *Caller, stack []uint64) error { // calls back
				got = append(got, fmt.Sprint(c.Thread().Depth()))
				if depth++; depth < 4 {
					arg := []uint64{uint64(900 * depth)}
					err := c.CallBack(g.Func, arg)
					stack[0] += arg[0]
					return err
				}
				return nil
			}
			call(3)
			call(40)
			does = func(c *Caller, stack []uint64) error { // fails below a call back
				if depth++; depth < 4 {
					err := c.CallBack(g.Func, []uint64{30})
					if depth == 4 {
						depth = 5
						stack[0] = 11
						return nil
					}
					return err
				}
				return TrapIntegerOverflow
			}
			call(7)
			does = func(c *Caller, stack []uint64) error { return errors.New("no") }
			call(20)
			does = func(c *Caller, stack []uint64) error {
				return &Exception{Tag: c.Instance().Tag(0), Values: []uint64{4}}
			}
			call(20)
			does = func(c *Caller, stack []uint64) error { // waits once
				if p, again := c.Resumed(); again {
					stack[0] = uint64(len(p))
					return nil
				}
				return c.Suspend([]byte("abc"))
			}
			call(2)
			call(3)
			does = func(c *Caller, stack []uint64) error { // recovers from a panic below
				if depth++; depth < 3 {
					defer func() {
						if p := recover(); p != nil && depth != 2 {
							depth = 2
						}
					}()
					return c.CallBack(g.Func, []uint64{25})
				}
				panic("host")
			}
			call(33)
			call(34)
			if want == nil {
				want = got
			} else if !slices.Equal(got, want) {
				for k := range want {
					if got[k] != want[k] {
						t.Errorf("%s, native %d, %d:\ngot  %s\nwant %s", leaves[leaf].name, native, k, got[k], want[k])
					}
				}
			}
		}
	}
}

// Endless recursion ends with a trap, whichever stack is full first.
func TestMachineCodeExhaustsTheStack(t *testing.T) {
	for _, max := range []int{0, 1 << 20} {
		for native := -1; native < 4; native++ {
			m := shuttles(t, 0, native)
			s := NewStore(Config{MaxStack: max})
			f := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(c *Caller, stack []uint64) error { return nil }})
			inst, err := s.Instantiate(m, "", []Extern{{Func: f}})
			if err != nil {
				t.Fatal(err)
			}
			if native > 0 {
				publishShuttles(t, m, 0, native)
			}
			x, _ := inst.Export("f")
			th := s.NewThread()
			var trap *Trap
			for range 2 {
				if err := th.Call(context.Background(), x.Func, []uint64{1 << 40}); !errors.As(err, &trap) || trap.Code != TrapStackExhausted {
					t.Fatalf("native %d: %v", native, err)
				}
				if len(trap.Trace) != maxTrace {
					t.Errorf("native %d: a trace of %d frames", native, len(trap.Trace))
				}
			}
			stack := []uint64{1000}
			if err := th.Call(context.Background(), x.Func, stack); err != nil || stack[0] != 500505 {
				t.Errorf("native %d: then %d, %v", native, stack[0], err)
			}
		}
	}
}

// Machine code that loops for ever stops for a collection of Go's, and for the end of a context.
func TestMachineLoopsAreInterrupted(t *testing.T) {
	m := textModule(t, `(module (func (export "f") (param i64) (result i64) (loop $l (br_if $l (i32.const 1))) (i64.const 3)))`)
	tier := &handTier{}
	m.EnableNative(tier, 1, 3)
	s := NewStore(Config{})
	inst, err := s.Instantiate(m, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := inst.Export("f")
	th := s.NewThread()
	end := func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		done := make(chan error)
		go func() { done <- th.Call(ctx, x.Func, []uint64{0}) }()
		time.Sleep(5 * time.Millisecond)
		runtime.GC()
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	end()
	if !slices.Equal(tier.heard, []int{-1, 1}) {
		t.Errorf("the tier has heard of %v", tier.heard)
	}
	h := &hand{t: t, m: m, unit: &NativeUnit{Loop: 1}, frame: 8}
	h.b8(0x48, 0x83, 0xec, 8)
	at := len(h.b)
	h.b8(0x49, 0x83, 0xbf)
	h.imm32(int32(CtxLimit))
	h.b8(0)
	h.b8(0x0f, 0x85)
	h.imm32(int32(at - len(h.b) - 4))
	h.call(CtxLeaveSaving)
	h.site(NativeSite{Kind: SitePoll, Point: 1})
	h.again(at)
	h.publish()
	end()
	if th.native.Load() == nil {
		t.Fatal("no machine code has run")
	}
}

// Instances whose functions import each other's: machine code of one calls machine code of another.
func TestMachineCodeOfSeveralInstances(t *testing.T) {
	for _, leaf := range []int{0, 1, 9} {
		var want []string
		for native := -1; native < 4; native++ {
			s := NewStore(Config{MaxStack: 1 << 20})
			m := shuttles(t, leaf, native)
			var does func(c *Caller, stack []uint64) error
			f := s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: *m.Wasm().FuncType(0), Call: func(c *Caller, stack []uint64) error { return does(c, stack) }})
			var x Extern
			for k := range 4 {
				mm := m
				if k == 2 { // another module
					mm = shuttles(t, leaf, native)
				}
				inst, err := s.Instantiate(mm, fmt.Sprint(k), []Extern{{Func: f}})
				if err != nil {
					t.Fatal(err)
				}
				if native > 0 && (k == 0 || k == 2) {
					publishShuttles(t, mm, leaf, native)
				}
				x, _ = inst.Export("f")
				f = x.Func
			}
			th := s.NewThread()
			var got []string
			call := func(n uint64) {
				stack := []uint64{n}
				err := th.Call(context.Background(), f, stack)
				var trap *Trap
				if errors.As(err, &trap) {
					err = fmt.Errorf("%v %+v", trap.Code, trap.Trace)
				}
				got = append(got, fmt.Sprint(stack, err, th.sp))
			}
			does = func(c *Caller, stack []uint64) error { stack[0] *= 3; return nil }
			for _, n := range []uint64{0, 1, 2, 9, 30, 300} {
				call(n)
			}
			does = func(c *Caller, stack []uint64) error {
				got = append(got, fmt.Sprint(c.Thread().Depth()))
				if c.Thread().Depth() < 5000 {
					return c.CallBack(f, []uint64{201})
				}
				return nil
			}
			for _, n := range []uint64{0, 1, 2, 9, 30, 300} {
				call(n)
			}
			does = func(c *Caller, stack []uint64) error { return TrapIntegerOverflow }
			call(4)
			call(5)
			if nt := th.native.Load(); nt != nil && (len(nt.segments) != 0 || nt.ctx.nsp != nt.top) {
				t.Errorf("%d segments are left", len(nt.segments))
			}
			if want == nil {
				want = got
			} else if !slices.Equal(got, want) {
				for k := range want {
					if got[k] != want[k] {
						t.Fatalf("%s, native %d, %d:\ngot  %s\nwant %s", leaves[leaf].name, native, k, got[k], want[k])
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
				h.site(NativeSite{Kind: SiteCall, Point: int32(h.find(opCall)) + 1, ArgSlot: 1})
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
