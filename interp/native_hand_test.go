//go:build linux && amd64

package interp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Machine code written by hand: two functions that call each other, and what the innermost activation does (the leaf) in as many ways as
// machine code can be left. Each program runs with every choice of functions that have machine code, and must be
// what the interpreter alone makes of it.

// handTier compiles nothing; tests publish what they want.
type handTier struct{ heard []int }

func (h *handTier) Hot(_ *Thread, m *Module, fn uint32, loop int, counts bool) uint32 {
	h.heard = append(h.heard, loop)
	return 0
}

func (h *handTier) SideExits(*Thread, *Module, *NativeUnit) uint32 { return 0 }

// hand assembles a unit.
type hand struct {
	masm
	t     testing.TB
	m     *Module
	fn    uint32
	unit  *NativeUnit
	frame int32
}

func (h *hand) b8(op ...byte)           { h.code(op...) }
func (h *hand) site(s NativeSite)       { h.sites(&h.unit.SiteOffsets, &h.unit.Sites, s) }
func (h *hand) instrs() []instr         { c, _ := h.m.code(h.fn); return c.instrs }
func (h *hand) offset(index int) uint32 { return h.m.layout(h.fn, nil, nil).offset(index) }

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
	h.b8(0x0f, 0x82) // JB stub
	h.imm32(0)
	jb := len(h.b)
	short := jb
	if h.unit.Counts {
		h.b8(0x49, 0x83, 0xec, 1) // SUB R12, 1
		h.b8(0x0f, 0x82)          // JB stub
		h.imm32(0)
		short = len(h.b)
	}
	h.b8(0xe9) // JMP body
	h.imm32(0)
	jmp := len(h.b)
	h.to(ja)
	h.to(jb)
	h.to(short)
	h.slotInt(true, 0, 0)
	h.call(CtxLeaveSaving)
	h.site(NativeSite{Kind: SiteEntry})
	h.to(jmp)
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
	u.FrameBytes = h.frame
	u.Free = func() { FreeNativeCode(u.Base, u.Size) }
	if err := h.m.Publish(u); err != nil {
		h.t.Fatal(err)
	}
}

// shuttle makes the machine code of function fn: (n) → n == 0 ? leaf : callee(n-1) + n.
func shuttle(t *testing.T, m *Module, fn, callee uint32, counts bool, leaf func(*hand)) {
	t.Helper()
	h := &hand{t: t, m: m, fn: fn, unit: &NativeUnit{Func: fn, Loop: -1, Counts: counts}}
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
		if h.unit.Counts {
			h.b8(0x4d, 0x2b, 0xa7) // SUB R12, step
			h.imm32(int32(CtxStep))
			h.b8(0x0f, 0x83) // JAE
		} else {
			h.b8(0x49, 0x83, 0xbf) // CMP limit, 0
			h.imm32(int32(CtxLimit))
			h.b8(0)
			h.b8(0x0f, 0x85) // JNE
		}
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
	h.site(NativeSite{Kind: SiteCall, Point: int32(h.find(opCallIndirect)) + 1, ArgSlot: int32(in.a), Callee: NoCallee})
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
			shuttle(t, m, 1+k, 2-k, false, l.code)
			shuttle(t, m, 1+k, 2-k, true, l.code)
		}
	}
}
