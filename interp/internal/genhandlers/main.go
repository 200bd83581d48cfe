// Command genhandlers writes interp/handlers_gen.go: the handlers of the instructions that come in many near-equal
// shapes, and the tables by which lowering finds them. The shapes are the variants of an operand: in a slot (r), just
// computed and still in the accumulator (a), or constant in the instruction (i).
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"strings"
)

const signature = "(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread)"

// kind is a value type as the handlers see it.
type kind struct {
	name string // prefix of handler names
	wasm string // prefix of wasm.Op names
	get  string // from the bits of a slot
	put  string // to the bits of a slot
}

var (
	i32  = kind{"i32", "I32", "uint32(%s)", "uint64(%s)"}
	i64  = kind{"i64", "I64", "%s", "%s"}
	f32  = kind{"f32", "F32", "math.Float32frombits(uint32(%s))", "uint64(math.Float32bits(%s))"}
	f64  = kind{"f64", "F64", "math.Float64frombits(%s)", "math.Float64bits(%s)"}
	cond = kind{put: "bit(%s)"}
)

// op is an instruction with one or two operands and a result; expr speaks of x and y.
type op struct {
	name    string // without the type's prefix, as in wasm.Op
	expr    string
	comm    bool   // x and y may change places
	check   string // statements before, which may trap
	inverse string // a comparison's opposite
	swapped string // a comparison with its operands changed
}

const (
	zeroCheck     = "if y == 0 {\nreturn t.trap(pc, TrapIntegerDivideByZero), fp, acc, mb, ml, t\n}\n"
	overflowCheck = "if x == %s && y == ^%s(0) {\nreturn t.trap(pc, TrapIntegerOverflow), fp, acc, mb, ml, t\n}\n"
)

func integer(bits int) []op {
	u, s := fmt.Sprintf("uint%d", bits), fmt.Sprintf("int%d", bits)
	min := fmt.Sprintf("1<<%d", bits-1)
	signed := func(o string) string { return fmt.Sprintf("%s(%s(x) %s %s(y))", u, s, o, s) }
	return []op{
		{name: "Add", expr: "x + y", comm: true},
		{name: "Sub", expr: "x - y"},
		{name: "Mul", expr: "x * y", comm: true},
		{name: "DivS", expr: signed("/"), check: zeroCheck + fmt.Sprintf(overflowCheck, min, u)},
		{name: "DivU", expr: "x / y", check: zeroCheck},
		{name: "RemS", expr: signed("%"), check: zeroCheck},
		{name: "RemU", expr: "x % y", check: zeroCheck},
		{name: "And", expr: "x & y", comm: true},
		{name: "Or", expr: "x | y", comm: true},
		{name: "Xor", expr: "x ^ y", comm: true},
		{name: "Shl", expr: fmt.Sprintf("x << (y & %d)", bits-1)},
		{name: "ShrS", expr: fmt.Sprintf("%s(%s(x) >> (y & %d))", u, s, bits-1)},
		{name: "ShrU", expr: fmt.Sprintf("x >> (y & %d)", bits-1)},
		{name: "Rotl", expr: fmt.Sprintf("bits.RotateLeft%d(x, int(y&%d))", bits, bits-1)},
		{name: "Rotr", expr: fmt.Sprintf("bits.RotateLeft%d(x, -int(y&%d))", bits, bits-1)},
	}
}

func comparisons(bits int) []op {
	s := fmt.Sprintf("int%d", bits)
	signed := func(o string) string { return fmt.Sprintf("%s(x) %s %s(y)", s, o, s) }
	return []op{
		{name: "Eq", expr: "x == y", comm: true, inverse: "Ne", swapped: "Eq"},
		{name: "Ne", expr: "x != y", comm: true, inverse: "Eq", swapped: "Ne"},
		{name: "LtS", expr: signed("<"), inverse: "GeS", swapped: "GtS"},
		{name: "LtU", expr: "x < y", inverse: "GeU", swapped: "GtU"},
		{name: "GtS", expr: signed(">"), inverse: "LeS", swapped: "LtS"},
		{name: "GtU", expr: "x > y", inverse: "LeU", swapped: "LtU"},
		{name: "LeS", expr: signed("<="), inverse: "GtS", swapped: "GeS"},
		{name: "LeU", expr: "x <= y", inverse: "GtU", swapped: "GeU"},
		{name: "GeS", expr: signed(">="), inverse: "LtS", swapped: "LeS"},
		{name: "GeU", expr: "x >= y", inverse: "LtU", swapped: "LeU"},
	}
}

func float(bits int) []op {
	return []op{
		{name: "Add", expr: "x + y", comm: true},
		{name: "Sub", expr: "x - y"},
		{name: "Mul", expr: "x * y", comm: true},
		{name: "Div", expr: "x / y"},
		{name: "Min", expr: "least(x, y)", comm: true},
		{name: "Max", expr: "greatest(x, y)", comm: true},
	}
}

var floatComparisons = []op{
	{name: "Eq", expr: "x == y", comm: true}, {name: "Ne", expr: "x != y", comm: true},
	{name: "Lt", expr: "x < y"}, {name: "Gt", expr: "x > y"}, {name: "Le", expr: "x <= y"}, {name: "Ge", expr: "x >= y"},
}

// unary is an instruction with one operand; in and out give the types.
type unary struct {
	name    string // as in wasm.Op
	in, out kind
	expr    string
	check   string
}

func truncCheck(lo, hi string) string {
	return "if x != x {\nreturn t.trap(pc, TrapInvalidConversion), fp, acc, mb, ml, t\n}\n" +
		"if !(x > " + lo + " && x < " + hi + ") {\nreturn t.trap(pc, TrapIntegerOverflow), fp, acc, mb, ml, t\n}\n"
}

func unaries() []unary {
	us := []unary{
		{name: "I32Clz", in: i32, out: i32, expr: "uint32(bits.LeadingZeros32(x))"},
		{name: "I32Ctz", in: i32, out: i32, expr: "uint32(bits.TrailingZeros32(x))"},
		{name: "I32Popcnt", in: i32, out: i32, expr: "uint32(bits.OnesCount32(x))"},
		{name: "I64Clz", in: i64, out: i64, expr: "uint64(bits.LeadingZeros64(x))"},
		{name: "I64Ctz", in: i64, out: i64, expr: "uint64(bits.TrailingZeros64(x))"},
		{name: "I64Popcnt", in: i64, out: i64, expr: "uint64(bits.OnesCount64(x))"},
		{name: "I32Eqz", in: i32, out: cond, expr: "x == 0"},
		{name: "I64Eqz", in: i64, out: cond, expr: "x == 0"},
		{name: "I32WrapI64", in: i64, out: i32, expr: "uint32(x)"},
		{name: "I64ExtendI32S", in: i32, out: i64, expr: "uint64(int64(int32(x)))"},
		{name: "I64ExtendI32U", in: i32, out: i64, expr: "uint64(x)"},
		{name: "I32Extend8S", in: i32, out: i32, expr: "uint32(int32(int8(x)))"},
		{name: "I32Extend16S", in: i32, out: i32, expr: "uint32(int32(int16(x)))"},
		{name: "I64Extend8S", in: i64, out: i64, expr: "uint64(int64(int8(x)))"},
		{name: "I64Extend16S", in: i64, out: i64, expr: "uint64(int64(int16(x)))"},
		{name: "I64Extend32S", in: i64, out: i64, expr: "uint64(int64(int32(x)))"},
		// abs and neg work on the bits: they must keep a NaN's payload (specification 4.3.3).
		{name: "F32Abs", in: i32, out: i32, expr: "x &^ (1 << 31)"},
		{name: "F32Neg", in: i32, out: i32, expr: "x ^ 1<<31"},
		{name: "F64Abs", in: i64, out: i64, expr: "x &^ (1 << 63)"},
		{name: "F64Neg", in: i64, out: i64, expr: "x ^ 1<<63"},
		{name: "F32Sqrt", in: f32, out: f32, expr: "float32(math.Sqrt(float64(x)))"},
		{name: "F64Sqrt", in: f64, out: f64, expr: "math.Sqrt(x)"},
		{name: "F32DemoteF64", in: f64, out: f32, expr: "float32(x)"},
		{name: "F64PromoteF32", in: f32, out: f64, expr: "float64(x)"},
		{name: "F32ConvertI32S", in: i32, out: f32, expr: "float32(int32(x))"},
		{name: "F32ConvertI32U", in: i32, out: f32, expr: "float32(x)"},
		{name: "F32ConvertI64S", in: i64, out: f32, expr: "float32(int64(x))"},
		{name: "F32ConvertI64U", in: i64, out: f32, expr: "float32(x)"},
		{name: "F64ConvertI32S", in: i32, out: f64, expr: "float64(int32(x))"},
		{name: "F64ConvertI32U", in: i32, out: f64, expr: "float64(x)"},
		{name: "F64ConvertI64S", in: i64, out: f64, expr: "float64(int64(x))"},
		{name: "F64ConvertI64U", in: i64, out: f64, expr: "float64(x)"},
	}
	for _, r := range []struct{ name, fn string }{{"Ceil", "ceil"}, {"Floor", "floor"}, {"Trunc", "trunc"}, {"Nearest", "nearest"}} {
		us = append(us, unary{name: "F32" + r.name, in: f32, out: f32, expr: "float32(" + r.fn + "(float64(x)))"},
			unary{name: "F64" + r.name, in: f64, out: f64, expr: r.fn + "(x)"})
	}
	for _, from := range []kind{f32, f64} {
		wide := unary{in: f64, out: f64}
		wide.in = from
		x := "float64(x)"
		if from == f64 {
			x = "x"
		}
		pre := "x := " + x + "\n"
		if from == f64 {
			pre = ""
		}
		for _, to := range []struct {
			name   string
			out    kind
			conv   string
			lo, hi string
			sat    string
		}{
			{"I32Trunc%sS", i32, "uint32(int32(x))", "-2147483649", "2147483648", "satI32S"},
			{"I32Trunc%sU", i32, "uint32(uint64(x))", "-1", "4294967296", "satI32U"},
			{"I64Trunc%sS", i64, "uint64(int64(x))", "-9223372036854777856", "9223372036854775808", "satI64S"},
			{"I64Trunc%sU", i64, "uint64(x)", "-1", "18446744073709551616", "satI64U"},
		} {
			us = append(us,
				unary{name: fmt.Sprintf(to.name, from.wasm), in: from, out: to.out, expr: to.conv, check: pre + truncCheck(to.lo, to.hi)},
				unary{name: fmt.Sprintf(to.name, "Sat"+from.wasm), in: from, out: to.out, expr: to.sat + "(" + x + ")"})
		}
	}
	return us
}

// load and store widths.
type access struct {
	name string // as in wasm.Op
	size int
	expr string // of p for loads, of v for stores
}

var loads = []access{
	{"I32Load", 4, "uint64(le32(p))"}, {"I64Load", 8, "le64(p)"}, {"F32Load", 4, "uint64(le32(p))"}, {"F64Load", 8, "le64(p)"},
	{"I32Load8S", 1, "uint64(uint32(int32(*(*int8)(p))))"}, {"I32Load8U", 1, "uint64(*(*uint8)(p))"},
	{"I32Load16S", 2, "uint64(uint32(int32(int16(le16(p)))))"}, {"I32Load16U", 2, "uint64(le16(p))"},
	{"I64Load8S", 1, "uint64(int64(*(*int8)(p)))"}, {"I64Load8U", 1, "uint64(*(*uint8)(p))"},
	{"I64Load16S", 2, "uint64(int64(int16(le16(p))))"}, {"I64Load16U", 2, "uint64(le16(p))"},
	{"I64Load32S", 4, "uint64(int64(int32(le32(p))))"}, {"I64Load32U", 4, "uint64(le32(p))"},
}

var stores = []access{
	{"I32Store", 4, "put32(p, uint32(v))"}, {"I64Store", 8, "put64(p, v)"}, {"F32Store", 4, "put32(p, uint32(v))"}, {"F64Store", 8, "put64(p, v)"},
	{"I32Store8", 1, "*(*uint8)(p) = uint8(v)"}, {"I32Store16", 2, "put16(p, uint16(v))"},
	{"I64Store8", 1, "*(*uint8)(p) = uint8(v)"}, {"I64Store16", 2, "put16(p, uint16(v))"}, {"I64Store32", 4, "put32(p, uint32(v))"},
}

// handWritten are the instructions whose handlers stand in handlers_*.go under the same names.
var handWritten = strings.Fields(`
	halt leave crossReturn nop unreachable
	entry loopHead stepDone nativeReturn
	copySlot copyMany constant jump brTable
	call callImport callIndirect returnCall returnCallImport returnCallIndirect
	return0 return1 return1A return1I returnMany
	selectSlot selectWide globalGet globalSet globalGetWide globalSetWide
	memorySize memoryGrow memoryCopy memoryFill memoryInit dataDrop
	tableGet tableSet tableSize tableGrow tableCopy tableFill tableInit elemDrop
	refFunc refIsNull
	throw throwRef
	callRef returnCallRef refAsNonNull refI31 i31GetS i31GetU
	refTest refCast brOnCast brOnCastFail refTestType refCastType brOnCastType brOnCastFailType
	structNew structNewDefault arrayNew arrayNewDefault arrayNewFixed arrayNewData arrayNewElem
	arrayLen arrayFill arrayCopy arrayInitData arrayInitElem
	structNewDesc structNewDefaultDesc refGetDesc refCastDescEq brOnCastDescEq brOnCastDescEqFail
	atomicLoad atomicStore atomicModify atomicCompare atomicFence atomicNotify atomicWait
	i64Add128 i64Sub128 i64MulWideS i64MulWideU
	copyTwo constantJump f64MulAdd i32ShlAdd i64ShlAdd i32XorRotl i64XorRotl i32RotlXor i64ExtendAdd
`)

type gen struct {
	consts, table, names, funcs, maps bytes.Buffer
}

func (g *gen) op(name string) string {
	id := "op" + strings.ToUpper(name[:1]) + name[1:]
	fmt.Fprintf(&g.consts, "%s\n", id)
	fmt.Fprintf(&g.table, "%s: %s,\n", id, name)
	fmt.Fprintf(&g.names, "%s: %q,\n", id, name)
	return id
}

const next = "return next(pc), fp, acc, mb, ml, t\n"

// operand is the source text of an operand's bits in variant v; field is where its slot stands in the instruction.
func operand(v byte, field string) string {
	switch v {
	case 'R':
		return "*slot(fp, pc." + field + ")"
	case 'A':
		return "acc"
	case 'I':
		return "pc.imm"
	}
	panic("no such variant")
}

func (g *gen) binary(k, out kind, o op) {
	variants := []string{"RR", "RI", "AR", "AI", "RA"}
	if o.comm {
		variants = variants[:4]
	}
	fmt.Fprintf(&g.maps, "wasm.Op%s%s: {", k.wasm, o.name)
	for _, v := range variants {
		name := k.name + o.name + v
		fmt.Fprintf(&g.maps, "%s: %s, ", strings.ToLower(v), g.op(name))
		fmt.Fprintf(&g.funcs, "func %s%s {\n", name, signature)
		fmt.Fprintf(&g.funcs, "x := %s\n", fmt.Sprintf(k.get, operand(v[0], "b")))
		fmt.Fprintf(&g.funcs, "y := %s\n", fmt.Sprintf(k.get, operand(v[1], "c")))
		fmt.Fprintf(&g.funcs, "%sacc = %s\n*slot(fp, pc.a) = acc\n%s}\n\n", o.check, fmt.Sprintf(out.put, o.expr), next)
	}
	if o.comm {
		fmt.Fprint(&g.maps, "commutes: true, ")
	}
	g.maps.WriteString("},\n")
}

func (g *gen) branch(k kind, o op, negate string, variants ...string) string {
	var ids []string
	for _, v := range variants {
		name := "br" + negate + strings.ToUpper(k.name[:1]) + k.name[1:] + o.name + v
		ids = append(ids, strings.ToLower(v)+": "+g.op(name))
		fmt.Fprintf(&g.funcs, "func %s%s {\n", name, signature)
		fmt.Fprintf(&g.funcs, "x := %s\n", fmt.Sprintf(k.get, operand(v[0], "b")))
		y := fmt.Sprintf(k.get, operand(v[1], "c"))
		if v[1] == 'I' {
			y = fmt.Sprintf(k.get, "uint64(int64(pc.imm)>>32)")
		}
		e := o.expr
		if negate != "" {
			e = "!(" + e + ")"
		}
		fmt.Fprintf(&g.funcs, "y := %s\nif %s {\nreturn target(pc), fp, acc, mb, ml, t\n}\n%s}\n\n", y, e, next)
	}
	return strings.Join(ids, ", ")
}

// addBranch is an i32.add of a constant and a branch on how the sum compares with a slot, or with a small constant: the
// end of a counted loop. The sum's constant is the upper half of imm.
func (g *gen) addBranch(o op) {
	fmt.Fprintf(&g.maps, "wasm.OpI32%s: {", o.name)
	for _, v := range []struct{ name, y string }{{"R", "uint32(*slot(fp, pc.c))"}, {"I", "uint32(pc.c)"}} {
		name := "addBrI32" + o.name + v.name
		fmt.Fprintf(&g.maps, "%s: %s, ", strings.ToLower(v.name), g.op(name))
		fmt.Fprintf(&g.funcs, "func %s%s {\nx := uint32(*slot(fp, pc.b)) + uint32(pc.imm>>32)\nacc = uint64(x)\n*slot(fp, pc.a) = acc\n", name, signature)
		fmt.Fprintf(&g.funcs, "y := %s\nif %s {\nreturn target(pc), fp, acc, mb, ml, t\n}\n%s}\n\n", v.y, o.expr, next)
	}
	g.maps.WriteString("},\n")
}

func (g *gen) unary(u unary) {
	key := "wasm.Op" + u.name
	if strings.Contains(u.name, "Sat") {
		key = "256 | " + key + "&0xFF"
	}
	fmt.Fprintf(&g.maps, "%s: {", key)
	for _, v := range []string{"R", "A"} {
		name := strings.ToLower(u.name[:1]) + u.name[1:] + v
		fmt.Fprintf(&g.maps, "%s: %s, ", strings.ToLower(v), g.op(name))
		fmt.Fprintf(&g.funcs, "func %s%s {\n", name, signature)
		fmt.Fprintf(&g.funcs, "x := %s\n", fmt.Sprintf(u.in.get, operand(v[0], "b")))
		if strings.HasPrefix(u.check, "x := ") {
			rest := strings.SplitN(u.check, "\n", 2)
			fmt.Fprintf(&g.funcs, "{\n%s\n%sacc = %s\n}\n", rest[0], rest[1], fmt.Sprintf(u.out.put, u.expr))
		} else {
			fmt.Fprintf(&g.funcs, "%sacc = %s\n", u.check, fmt.Sprintf(u.out.put, u.expr))
		}
		fmt.Fprintf(&g.funcs, "*slot(fp, pc.a) = acc\n%s}\n\n", next)
	}
	g.maps.WriteString("},\n")
}

const oob = "return t.outOfBounds(pc, fp, acc, mb, ml)\n"

// effective is the source text of an access's effective address: addr and the instruction's offset, which is the lower
// half of imm where the upper one is a constant of addr's.
func effective(addr string, split bool) string {
	switch {
	case addr == "":
		return "pc.imm"
	case split:
		return addr + " + uint64(uint32(pc.imm))"
	}
	return addr + " + pc.imm"
}

// Addresses: one slot (r), the accumulator (a), the 32-bit sum of two slots (rr), of the accumulator and a slot (ar), of
// a slot and a constant (ri), or known (i).
func (g *gen) load(a access) {
	fmt.Fprintf(&g.maps, "wasm.Op%s: {", a.name)
	for _, v := range []struct{ name, addr string }{
		{"R", "uint64(uint32(*slot(fp, pc.b)))"}, {"A", "uint64(uint32(acc))"},
		{"RR", "uint64(uint32(*slot(fp, pc.b)) + uint32(*slot(fp, pc.c)))"},
		{"AR", "uint64(uint32(acc) + uint32(*slot(fp, pc.c)))"},
		{"RI", "uint64(uint32(*slot(fp, pc.b)) + uint32(pc.imm>>32))"},
		{"I", ""},
	} {
		name := strings.ToLower(a.name[:1]) + a.name[1:] + v.name
		fmt.Fprintf(&g.maps, "%s: %s, ", strings.ToLower(v.name), g.op(name))
		fmt.Fprintf(&g.funcs, "func %s%s {\nea := %s\nif ea+%d > ml {\n%s}\np := unsafe.Add(mb, ea)\nacc = %s\n*slot(fp, pc.a) = acc\n%s}\n\n",
			name, signature, effective(v.addr, v.name == "RI"), a.size, oob, a.expr, next)
	}
	name := strings.ToLower(a.name[:1]) + a.name[1:] + "Any"
	fmt.Fprintf(&g.maps, "any: %s},\n", g.op(name))
	fmt.Fprintf(&g.funcs, "func %s%s {\np, ok := t.inst.memories[pc.c].at(*slot(fp, pc.b), pc.imm, %d)\nif !ok {\n%s}\nacc = %s\n*slot(fp, pc.a) = acc\n%s}\n\n",
		name, signature, a.size, oob, a.expr, next)
}

func (g *gen) store(a access) {
	fmt.Fprintf(&g.maps, "wasm.Op%s: {", a.name)
	const val = "*slot(fp, pc.c)"
	for _, v := range []struct{ name, addr, val string }{
		{"RR", "uint64(uint32(*slot(fp, pc.b)))", val}, {"AR", "uint64(uint32(acc))", val},
		{"RA", "uint64(uint32(*slot(fp, pc.b)))", "acc"}, {"RI", "uint64(uint32(*slot(fp, pc.b)))", "uint64(pc.c)"},
		{"IR", "", val}, {"IA", "", "acc"},
	} {
		name := strings.ToLower(a.name[:1]) + a.name[1:] + v.name
		fmt.Fprintf(&g.maps, "%s: %s, ", storeField(v.name), g.op(name))
		fmt.Fprintf(&g.funcs, "func %s%s {\nea := %s\nif ea+%d > ml {\n%s}\np := unsafe.Add(mb, ea)\nv := %s\n%s\n%s}\n\n",
			name, signature, effective(v.addr, false), a.size, oob, v.val, a.expr, next)
	}
	name := strings.ToLower(a.name[:1]) + a.name[1:] + "Any"
	fmt.Fprintf(&g.maps, "any: %s},\n", g.op(name))
	fmt.Fprintf(&g.funcs, "func %s%s {\np, ok := t.inst.memories[pc.a].at(*slot(fp, pc.b), pc.imm, %d)\nif !ok {\n%s}\nv := %s\n%s\n%s}\n\n",
		name, signature, a.size, oob, val, a.expr, next)
}

func main() {
	g := new(gen)
	for _, name := range handWritten {
		g.op(name)
	}
	g.maps.WriteString("// binaryOps gives the handlers of the instructions with two operands.\nvar binaryOps = [256]binaryOp{\n")
	for _, o := range integer(32) {
		g.binary(i32, i32, o)
	}
	for _, o := range integer(64) {
		g.binary(i64, i64, o)
	}
	for _, o := range comparisons(32) {
		g.binary(i32, cond, o)
	}
	for _, o := range comparisons(64) {
		g.binary(i64, cond, o)
	}
	for _, k := range []kind{f32, f64} {
		for _, o := range float(32) {
			g.binary(k, k, o)
		}
		for _, o := range floatComparisons {
			g.binary(k, cond, o)
		}
	}
	// copysign works on the bits, see abs.
	g.binary(kind{"f32", "F32", i32.get, i32.put}, i32, op{name: "Copysign", expr: "x&^(1<<31) | y&(1<<31)"})
	g.binary(kind{"f64", "F64", i64.get, i64.put}, i64, op{name: "Copysign", expr: "x&^(1<<63) | y&(1<<63)"})
	g.maps.WriteString("}\n\n// unaryOps gives the handlers of the instructions with one operand; those behind the prefix 0xFC stand from 256 on.\nvar unaryOps = [264]unaryOp{\n")
	for _, u := range unaries() {
		g.unary(u)
	}
	g.maps.WriteString("}\n\n// branchOps gives, for a comparison, the branches that are taken when it holds and when it does not.\nvar branchOps = [256]branchOp{\n")
	for _, k := range []kind{i32, i64} {
		bits := 32
		if k == i64 {
			bits = 64
		}
		for _, o := range comparisons(bits) {
			fmt.Fprintf(&g.maps, "wasm.Op%s%s: {%s, inverse: wasm.Op%s%s, swapped: wasm.Op%s%s},\n",
				k.wasm, o.name, g.branch(k, o, "", "RR", "RI", "AR", "AI", "RA"), k.wasm, o.inverse, k.wasm, o.swapped)
		}
	}
	for _, k := range []kind{f32, f64} {
		for _, o := range floatComparisons {
			fmt.Fprintf(&g.maps, "wasm.Op%s%s: {%s, not%s},\n", k.wasm, o.name, g.branch(k, o, "", "RR"), "RR: "+strings.TrimPrefix(g.branch(k, o, "Not", "RR"), "rr: "))
		}
	}
	// A branch on the bits that two operands share, from i32.and before br_if.
	for _, k := range []kind{i32, i64} {
		fmt.Fprintf(&g.maps, "wasm.Op%sAnd: {%s, not%s},\n", k.wasm, g.branch(k, op{name: "And", expr: "x&y != 0"}, "", "RR", "RI", "AR", "AI"),
			strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(g.branch(k, op{name: "And", expr: "x&y != 0"}, "Not", "RR", "RI", "AR", "AI"), "rr:", "RR:"), "ri:", "notRI:"), "ar:", "notAR:"), "ai:", "notAI:"))
	}
	g.maps.WriteString("}\n\n// addBranchOps gives the additions that end in a branch, by the comparison.\nvar addBranchOps = [256]addBranchOp{\n")
	for _, o := range comparisons(32) {
		g.addBranch(o)
	}
	g.maps.WriteString("}\n\n// loadOps and storeOps give the handlers of memory accesses.\nvar loadOps = [256]loadOp{\n")
	for _, a := range loads {
		g.load(a)
	}
	g.maps.WriteString("}\n\nvar storeOps = [256]storeOp{\n")
	for _, a := range stores {
		g.store(a)
	}
	g.maps.WriteString("}\n")
	g.objects()
	if err := g.simd(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}

	var out bytes.Buffer
	fmt.Fprintf(&out, `// Code generated by interp/internal/genhandlers; DO NOT EDIT.

package interp

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/godwit-vm/godwit/wasm"
)

// The lowered instruction set.
const (
_ op = iota
%sopCount
)

// handlers gives the handler of every instruction. init fills it, since some handlers lead back to it.
var handlers [opCount]handler

func init() {
handlers = [opCount]handler{
%s}
}

var opNames = [opCount]string{
%s}

%s
%s`, g.consts.String(), g.table.String(), g.names.String(), g.maps.String(), g.funcs.String())
	src, err := format.Source(out.Bytes())
	if err != nil {
		os.WriteFile("handlers_gen.go", out.Bytes(), 0o644)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := os.WriteFile("handlers_gen.go", src, 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// storeField is the field of storeOp for a variant.
func storeField(v string) string { return strings.ToLower(v[:1]) + v[1:] }
