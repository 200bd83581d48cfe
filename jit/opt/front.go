package opt

import (
	"math/bits"
	"slices"

	"github.com/godwit-vm/godwit/jit/ir"
	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// front is what is computed in front of a loop to find out whether it can do without its checks: conditions, one after the other, of which
// each refuses.
//
// Numbers of addresses and iterations are i64 here. Lengths are below 2^48, constants and steps times iterations below 2^53, so that
// sums and differences of them have no overflow and are compared as signed; a first address may be anything, and is compared as unsigned.
type front struct {
	v          *versioning
	made       map[frontKey]*ir.Value
	starts     map[*ir.Value]*ir.Value
	values     []*ir.Value // since the last condition
	conditions []condition
	hopeless   bool // a condition is known to refuse
}

// condition is a value, not 0 if it refuses, and what has to be computed before, in order.
type condition struct {
	value  *ir.Value
	values []*ir.Value
}

type frontKey struct {
	op   ir.Op
	t    ir.Type
	imm  uint64
	aux  uint64
	args [3]*ir.Value
}

// maxIterations bounds what is counted in 64 bits.
const maxIterations = 1 << 32

// refuse adds a condition: if c is not 0, the loop runs with its checks.
func (f *front) refuse(c *ir.Value) {
	if x, ok := isConst(c); ok {
		f.hopeless = f.hopeless || uint32(x) != 0
		return
	}
	if slices.ContainsFunc(f.conditions, func(o condition) bool { return o.value == c }) {
		return
	}
	f.conditions = append(f.conditions, condition{c, f.values})
	f.values = nil
}

// within refuses unless x, without sign, is at most limit, which has one.
func (f *front) within(x, limit *ir.Value) {
	f.refuse(f.op(wasm.OpI64LtS, ir.I32, limit, f.constant(ir.I64, 0)))
	f.refuse(f.op(wasm.OpI64GtU, ir.I32, x, limit))
}

func (f *front) constant(t ir.Type, x uint64) *ir.Value {
	if t == ir.I32 {
		x = uint64(uint32(x))
	}
	return f.once(ir.Value{Op: ir.OpConst, Type: t, Imm: x})
}

// op is the value of a scalar instruction.
func (f *front) op(op ir.Op, t ir.Type, args ...*ir.Value) *ir.Value {
	var c [3]uint64
	known := true
	for i, a := range args {
		x, ok := isConst(a)
		c[i], known = x, known && ok
	}
	if op == wasm.OpSelect {
		if x, ok := isConst(args[2]); ok {
			if uint32(x) != 0 {
				return args[0]
			}
			return args[1]
		}
	} else if known {
		if x, trap, ok := ir.Compute(op, c[0], c[1]); ok && trap == 0 {
			return f.constant(t, x)
		}
	}
	return f.once(ir.Value{Op: op, Type: t, Args: args})
}

// once makes a value, if there is none like it.
func (f *front) once(x ir.Value) *ir.Value {
	k := frontKey{op: x.Op, t: x.Type, imm: x.Imm, aux: x.Aux}
	copy(k.args[:], x.Args)
	v := f.made[k]
	if v == nil {
		v = f.v.f.NewValue(x.Op, x.Type, x.Args...)
		v.Imm, v.Aux, v.Width = x.Imm, x.Aux, x.Width
		f.made[k] = v
		f.values = append(f.values, v)
	}
	return v
}

// add is x + c.
func (f *front) add(x *ir.Value, c int64) *ir.Value {
	if c == 0 {
		return x
	}
	return f.op(wide(wasm.OpI32Add, 8*x.Type.Size()), x.Type, x, f.constant(x.Type, uint64(c)))
}

// times is x · c of an i64 and a constant above 0.
func (f *front) times(x *ir.Value, c int64) *ir.Value {
	if c&(c-1) == 0 {
		return f.shift(wasm.OpI64Shl, x, c)
	}
	return f.op(wasm.OpI64Mul, ir.I64, x, f.constant(ir.I64, uint64(c)))
}

// shift multiplies an i64 by a power of two, or divides it.
func (f *front) shift(op ir.Op, x *ir.Value, c int64) *ir.Value {
	if c == 1 {
		return x
	}
	return f.op(op, ir.I64, x, f.constant(ir.I64, uint64(bits.TrailingZeros64(uint64(c)))))
}

// wide is x as an i64, without sign.
func (f *front) wide(x *ir.Value) *ir.Value {
	if x.Type == ir.I64 {
		return x
	}
	return f.op(wasm.OpI64ExtendI32U, ir.I64, x)
}

// start is what v, of which the loop's inductions know the step, or that it is fixed, is in the first iteration.
func (f *front) start(v *ir.Value) *ir.Value {
	if !f.v.inside(v) {
		return v
	}
	if isArrayLength(v) {
		return f.read(v)
	}
	if v.Op == ir.OpConst {
		return f.once(*v)
	}
	if f.v.variable(v) {
		return v.Args[f.v.before]
	}
	if s := f.starts[v]; s != nil {
		return s
	}
	args := make([]*ir.Value, len(v.Args))
	for i, a := range v.Args {
		args[i] = f.start(a)
	}
	var s *ir.Value
	if v.Op < 256 {
		s = f.op(v.Op, v.Type, args...)
	} else {
		s = f.once(ir.Value{Op: v.Op, Type: v.Type, Args: args, Imm: v.Imm, Aux: v.Aux, Width: v.Width})
	}
	f.starts[v] = s
	return s
}

// length is a length, as an i64.
func (f *front) length(v *ir.Value) *ir.Value { return f.wide(f.read(v)) }

// read reads a length. That of an array is read behind the condition that there is an object: where the loop casts the reference, this may be null, a
// number or the host's. Of an object that is no array a field is read, which does no harm: the loop comes to no check.
func (f *front) read(v *ir.Value) *ir.Value {
	word := func(w *ir.Value, address *ir.Value) *ir.Value {
		return f.once(ir.Value{Op: w.Op, Type: w.Type, Args: []*ir.Value{address}, Imm: w.Imm, Aux: w.Aux, Width: w.Width})
	}
	if isLength(v) {
		return word(v, f.start(v.Args[0]))
	}
	ref, heap := arrayOf(v)
	f.refuse(f.op(wasm.OpI64GeS, ir.I32, ref, f.constant(ir.I64, uint64(state.RefI31)<<state.RefShift))) // objects are the least signed numbers
	base := word(heap, f.start(heap.Args[0]))
	mask := v.Args[0].Args[0]
	if mask == heap {
		mask = v.Args[0].Args[1]
	}
	offset := f.op(wasm.OpI64And, ir.I64, ref, f.start(mask.Args[1]))
	return word(v, f.op(wasm.OpI64Add, ir.I64, base, offset))
}

// count is how often a test lets the loop go on that ends it, or nil if that is not known: its value changes by step each time.
//
// Where the value must be different from the limit, it meets it after (limit - value) / step times, modulo the size of the type, if that
// leaves no rest. Where it must be less, it is not after as many times, rounded up, if it does not overflow before.
func (f *front) count(e *ending, step int64) *ir.Value {
	t := e.value.Type
	size := 8 * t.Size()
	limit := f.constant(t, 0)
	if e.limit != nil {
		limit = f.start(e.limit)
	}
	first := f.start(e.value)
	up := step > 0
	by := max(step, -step)
	if by&(by-1) != 0 {
		return nil
	}
	op := e.op
	first0 := wide(wasm.OpI32Eq, size)
	switch {
	case op == ne:
	case up && (op == leS || op == leU), !up && (op == geS || op == geU):
		// As less than the limit and one, or greater than the limit less one.
		d, end := int64(1), greatest(op, size)
		if !up {
			d, end = -1, ^greatest(op, size)
		}
		f.refuse(f.op(first0+eq, ir.I32, limit, f.constant(t, end)))
		limit = f.add(limit, d)
		op -= leS - ltS // and geS - gtS, which is the same
	case up && (op == ltS || op == ltU), !up && (op == gtS || op == gtU):
	default:
		return nil
	}
	from, to := first, limit
	if !up {
		from, to = limit, first
	}
	distance := f.op(wide(wasm.OpI32Sub, size), t, to, from)
	if op == ne {
		if by > 1 {
			rest := f.op(wide(wasm.OpI32And, size), t, distance, f.constant(t, uint64(by-1)))
			f.refuse(f.op(first0+ne, ir.I32, rest, f.constant(t, 0)))
		}
	} else {
		distance = f.op(wasm.OpSelect, t, distance, f.constant(t, 0), f.op(first0+op, ir.I32, first, limit))
		// It must not overflow when it has left the limit behind.
		if by > 1 {
			beyond, last := gtS, greatest(op, size)-uint64(by-1)
			if !up {
				beyond, last = ltS, ^greatest(op, size)+uint64(by-1)
			}
			if op == ltU || op == gtU {
				beyond++
			}
			f.refuse(f.op(first0+ir.Op(beyond), ir.I32, limit, f.constant(t, last)))
		}
	}
	distance = f.wide(distance)
	if t == ir.I64 {
		f.refuse(f.op(wasm.OpI64GtU, ir.I32, distance, f.constant(ir.I64, maxIterations)))
	}
	if op != ne {
		distance = f.add(distance, by-1)
	}
	return f.shift(wasm.OpI64ShrU, distance, by)
}

// greatest is the greatest number that a comparison knows; its complement is the least.
func greatest(op ir.Op, size int) uint64 {
	all := ^uint64(0) >> (64 - size)
	switch op {
	case ltS, gtS, leS, geS:
		return all >> 1
	}
	return all
}

// attach puts the conditions between before and the loop's header. What they refuse goes to slow.
func (f *front) attach(before, header, slow *ir.Block) {
	b := before
	b.Values = b.Values[:len(b.Values)-1] // the jump
	at := slices.Index(header.Preds, before)
	b.Succs = b.Succs[:0]
	for i, c := range f.conditions {
		for _, v := range c.values {
			v.Block = b
			b.Values = append(b.Values, v)
		}
		f.v.f.Append(b, ir.OpIf, ir.Void, c.value)
		ir.Connect(b, slow)
		if i == len(f.conditions)-1 {
			break
		}
		next := f.v.f.NewBlock()
		ir.Connect(b, next)
		b = next
	}
	b.Succs = append(b.Succs, header)
	header.Preds[at] = b
}
