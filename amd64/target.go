package amd64

import (
	"sync"

	"golang.org/x/sys/cpu"

	"github.com/twitchyliquid64/golang-asm/obj"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Registers by number, and those that no value has.
const (
	ax ir.Reg = iota
	cx
	dx
	bx
	sp
	bp
	si
	di
	r8
	r9
	r10
	r11
	r12
	r13
	r14
	r15

	x0  ir.Reg = 32
	x15 ir.Reg = 47

	frameReg   = bx  // the wasm frame
	contextReg = r15 // interp.NativeContext
	memoryReg  = r14 // first byte of memory 0
	scratch    = r13
	scratchX   = x15

	recordReg  = r10 // OpCallRecord, OpCheckType: the function's record
	typeReg    = r11 // OpCheckType: the type's id
	entriesReg = r11 // OpCall: the table of entries
	countReg   = r12 // in units that count: the safepoints that may still be passed
)

// Features are what a processor may have beyond what each 64-bit one has.
type Features struct{ AVX, AVX2, BMI1, BMI2, LZCNT, POPCNT, SSE41, FMA, ERMS bool }

// Detect are the features of the processor that this runs on.
func Detect() Features {
	return Features{
		AVX: cpu.X86.HasAVX, AVX2: cpu.X86.HasAVX2,
		BMI1: cpu.X86.HasBMI1, BMI2: cpu.X86.HasBMI2,
		LZCNT:  cpu.X86.HasLZCNT,
		POPCNT: cpu.X86.HasPOPCNT, SSE41: cpu.X86.HasSSE41, FMA: cpu.X86.HasFMA, ERMS: cpu.X86.HasERMS,
	}
}

// Target is a processor. It implements ir.Target.
type Target struct {
	has Features
}

// New is the target with features f.
func New(f Features) *Target { return &Target{has: f} }

var _ ir.Target = (*Target)(nil)

// Name is the GOARCH.
func (t *Target) Name() string { return "amd64" }

var (
	intArgs     = [ir.IntArgs]ir.Reg{ax, cx, dx, si, di, r8}
	allocatable = func() (s ir.RegSet) {
		for r := ax; r <= r12; r++ {
			if r != bx && r != sp {
				s = s.With(r)
			}
		}
		for r := x0; r < x15; r++ {
			s = s.With(r)
		}
		return s
	}()
)

// Allocatable are the registers that values may have.
func (t *Target) Allocatable() ir.RegSet { return allocatable }

// CountReg is what a unit that counts keeps its count in.
func (t *Target) CountReg() ir.Reg { return countReg }

// ArgReg is the register of argument n of its kind.
func (t *Target) ArgReg(n int, float bool) ir.Reg {
	if float {
		return x0 + ir.Reg(n)
	}
	return intArgs[n]
}

// ResultReg is the register of a single result.
func (t *Target) ResultReg(float bool) ir.Reg {
	if float {
		return x0
	}
	return ax
}

// rule says how the values of an opcode become machine code.
type rule struct {
	fold func(s *selection, v *ir.Value)                       // marks what becomes a part of it; nil: nothing
	uses func(t *Target, v *ir.Value, r *rule, o *ir.Operands) // what it needs
	emit func(e *emitter, v *ir.Value, r *rule)                // emits it

	as, vex obj.As   // the instruction; of vectors and floats: the form with three operands
	more    []obj.As // others
	imm     int64    // a constant of the instruction
	needs   feature
	wide    bool // its first operand is an i64
}

// feature is what a rule needs beyond the baseline.
type feature uint8

const (
	needsSSE41 feature = 1 << iota
	needsAVX
	needsFMA
)

func (t *Target) fulfils(n feature) bool {
	return (n&needsSSE41 == 0 || t.has.SSE41) && (n&needsAVX == 0 || t.has.AVX) && (n&needsFMA == 0 || t.has.FMA && t.has.AVX)
}

// rules are by prefix and sub-opcode. makeRules fills them when a target is asked for the first time, by Supports or Select: a process that
// compiles nothing does without.
var rules [5][0x140]*rule

var makeRules = sync.OnceFunc(fillRules)

// ruleOf is the rule for op, or nil.
func ruleOf(op ir.Op) *rule {
	sub := op & 0xFFFF
	if int(sub) >= len(rules[0]) {
		return nil
	}
	switch op >> 16 {
	case 0:
		return rules[0][sub]
	case 0xFC:
		return rules[1][sub]
	case 0xFD:
		return rules[2][sub]
	case 0xFE:
		return rules[3][sub]
	case 0xE0:
		return rules[4][sub]
	}
	return nil
}

func fillRules() {
	for _, table := range []map[ir.Op]rule{
		intRules(), floatRules(), convertRules(), memoryRules(), controlRules(), callRules(), atomicRules(),
		bulkRules(), vectorRules(), vectorIntRules(), vectorFloatRules(), vectorLaneRules(),
	} {
		for op, r := range table {
			prefix := map[ir.Op]int{0: 0, 0xFC: 1, 0xFD: 2, 0xFE: 3, 0xE0: 4}[op>>16]
			if rules[prefix][op&0xFFFF] != nil {
				panic("amd64: two rules for an opcode")
			}
			if info := op.Info(); op < 0xE00000 && info != nil && len(info.Params) > 0 {
				r.wide = info.Params[0] == wasm.I64
			}
			rules[prefix][op&0xFFFF] = &r
		}
	}
}

// Supports tells whether there is machine code for op.
func (t *Target) Supports(op ir.Op) bool {
	makeRules()
	r := ruleOf(op)
	if r == nil || r.emit == nil {
		return false
	}
	if op>>16 == 0xFD && !t.has.SSE41 {
		return false
	}
	return t.fulfils(r.needs)
}

// Operands says what v needs.
func (t *Target) Operands(v *ir.Value, o *ir.Operands) {
	if r := ruleOf(v.Op); r != nil && r.uses != nil {
		r.uses(t, v, r, o)
	}
}

// Select marks what is folded into other values.
func (t *Target) Select(f *ir.Func) {
	makeRules()
	s := selection{t: t, f: f}
	s.run()
}

// useAny appends what an operand needs that may be in memory or constant: a folded load's operands, nothing for
// constants that fit into the instruction or are in the pool.
func (t *Target) useAny(o *ir.Operands, v *ir.Value) {
	switch {
	case v.Op == ir.OpConst && immediate(v):
	case v.Op == ir.OpConst:
		o.Reg(v)
	case v.Folded:
		t.useLoad(o, v)
	default:
		o.Any(v)
	}
}

// immediate tells whether a constant needs no register: an integer of 32 bits, or a float or vector, which is in the pool.
func immediate(v *ir.Value) bool {
	return v.Op == ir.OpConst && (v.Type != ir.I64 || int64(v.Imm) == int64(int32(v.Imm)))
}

// immediateOf is the constant, sign-extended.
func immediateOf(v *ir.Value) int64 {
	if v.Type == ir.I32 {
		return int64(int32(v.Imm))
	}
	return int64(v.Imm)
}

// useFloat is useAny for what instructions of v's type read; without AVX vectors in memory have to be aligned, which they are only
// in the pool.
func (t *Target) useFloat(o *ir.Operands, v *ir.Value) {
	if v.Type == ir.V128 && !t.has.AVX && v.Op != ir.OpConst {
		o.Reg(v)
		return
	}
	t.useAny(o, v)
}

// three sets the result of an instruction that has three operands with AVX and two without.
func (t *Target) three(o *ir.Operands) {
	if t.has.AVX {
		o.Result = ir.AnyResult
		return
	}
	t.same(o)
}

// same sets the result of a two-operand instruction.
func (t *Target) same(o *ir.Operands) { o.Result, o.Early = ir.SameResult, true }

// fixed sets a result that is in r.
func (t *Target) fixed(o *ir.Operands, r ir.Reg) { o.Result, o.Fixed = ir.FixedResult, r }

// is64 tells whether a numeric instruction reads 64-bit integers. The type of its operand does not tell: see selection.transparent.
func is64(v *ir.Value) bool { return ruleOf(v.Op).wide }

// isConst tells whether v is a constant.
func isConst(v *ir.Value) bool { return v.Op == ir.OpConst }
