package arm64

import (
	"golang.org/x/sys/cpu"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/wasm"
)

// Registers with a meaning of their own. R18 is the platform's, R27 is golang-asm's temporary (which it has no use for here, so that
// the prologue has), R28 is Go's g, R29 the frame pointer.
const (
	memoryReg  ir.Reg = 24 // address of memory 0
	frameReg   ir.Reg = 25 // the frame of slots
	contextReg ir.Reg = 26 // the interp.NativeContext
	tmp        ir.Reg = 16 // scratch, between instructions of the unit and in them
	tmp2       ir.Reg = 17
	tmp3       ir.Reg = 27
	linkReg    ir.Reg = 30
	ftmp       ir.Reg = 32 + 30
	ftmp2      ir.Reg = 32 + 31

	recordReg   ir.Reg = 9 // the record that is called, where a stub finds it
	typeReg     ir.Reg = 10
	countReg    ir.Reg = 23 // in units that count: the safepoints that may still be passed
	resultInt   ir.Reg = 0
	resultVec   ir.Reg = 32
	allInts            = ir.RegSet(0xF8FFFF) // R0..R15, R19..R23
	allFloats          = ir.RegSet(0x3FFFFFFF) << 32
	allocatable        = allInts | allFloats
)

// Features are the processor's extensions that make a difference to the code.
type Features struct {
	LSE bool // atomic read-modify-write instructions (FEAT_LSE)
}

// Detect are the features of the processor that this runs on.
func Detect() Features { return Features{LSE: cpu.ARM64.HasATOMICS} }

// Target compiles for arm64.
type Target struct {
	features Features
}

var _ ir.Target = (*Target)(nil)

// New is a target for processors with the given features.
func New(features Features) *Target { return &Target{features} }

// Name is arm64.
func (t *Target) Name() string { return "arm64" }

// Allocatable are the registers that values may be in.
func (t *Target) Allocatable() ir.RegSet { return allocatable }

// CountReg is what a unit that counts keeps its count in.
func (t *Target) CountReg() ir.Reg { return countReg }

// ArgReg is the register of argument n of its kind.
func (t *Target) ArgReg(n int, float bool) ir.Reg {
	if float {
		return 32 + ir.Reg(n)
	}
	return ir.Reg(n)
}

// ResultReg is the register of a single result.
func (t *Target) ResultReg(float bool) ir.Reg {
	if float {
		return resultVec
	}
	return resultInt
}

// Supports tells whether there is machine code for a wasm instruction.
func (t *Target) Supports(op ir.Op) bool {
	makeRules()
	switch {
	case op == wasm.OpSelect, op == wasm.OpSelectT, isBulk(op),
		op >= wasm.OpI32Load && op <= wasm.OpI64Store32,
		op >= wasm.OpI32Eqz && op <= wasm.OpI64Extend32S,
		op >= wasm.OpI32TruncSatF32S && op <= wasm.OpI64TruncSatF64U:
		return true
	case op>>16 == 0xFE:
		return isAtomic(op)
	case op>>16 == 0xFD:
		return isVector(op)
	}
	return false
}

// argNumbers is ir.InRegisters for IR types.
func argNumbers(params []ir.Type) []int {
	regs := make([]int, len(params))
	var ints, floats int
	for i, p := range params {
		n, limit := &ints, ir.IntArgs
		if p.Float() {
			n, limit = &floats, ir.FloatArgs
		}
		regs[i] = -1
		if *n < limit {
			regs[i] = *n
			*n++
		}
	}
	return regs
}

// Operands says what v needs.
func (t *Target) Operands(v *ir.Value, o *ir.Operands) {
	o.Reset()
	switch v.Op {
	case ir.OpConst, ir.OpPhi, ir.OpMemBase, ir.OpJump, ir.OpExit, ir.OpTrap, ir.OpPoll:
		// A memory's base is either in a register of its own, or not made by an OpMemBase.
	case ir.OpParam:
		// Select has put the number among the registers into Aux.
		o.Result, o.Fixed = ir.FixedResult, t.ArgReg(int(v.Aux), v.Type.Float())
	case ir.OpSlotLoad, ir.OpInstWord:
		o.Result = ir.AnyResult
	case ir.OpSlotStore:
		o.Any(v.Args[0])
	case ir.OpCall, ir.OpCallRecord:
		t.callOperands(v, o)
	case ir.OpTailCall, ir.OpTailCallRecord, ir.OpTailCallSelf:
		t.tailCallOperands(v, o)
	case ir.OpLeave:
		o.Clobbers = allocatable
	case ir.OpCheckType:
		o.At(v.Args[0], recordReg)
		o.At(v.Args[1], typeReg)
	case ir.OpReturn:
		if len(v.Args) > 0 {
			o.At(v.Args[0], t.ResultReg(v.Args[0].Type.Float()))
		}
	case wasm.OpMemoryCopy, wasm.OpMemoryFill:
		t.bulkOperands(v, o)
	case wasm.OpF32Copysign, wasm.OpF64Copysign:
		t.list(v, o)
		o.Result = ir.SameResult
	default:
		t.list(v, o)
		if v.Type != ir.Void {
			o.Result = ir.AnyResult
		}
		switch v.Op >> 16 {
		case 0xFD:
			t.vectorOperands(v, o)
		case 0xFE:
			t.atomicOperands(v, o)
		}
	}
}

// list adds what v reads: arguments that are not immediates, and in place of a folded one what that reads.
func (t *Target) list(v *ir.Value, o *ir.Operands) {
	for i, a := range v.Args {
		switch {
		case a.Op == ir.OpMemBase && a.Mem == 0, immediate(v, i):
		case a.Folded:
			t.list(a, o)
		default:
			o.Reg(a)
		}
	}
}
