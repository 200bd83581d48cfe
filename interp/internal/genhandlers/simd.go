package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"strings"
)

// The handlers of vector instructions go to a file of their own. Vectors are never in the accumulator, so there is one
// shape: slots in, slot out. Expressions speak of one half (x, y, z) where the halves do not depend on each other, or
// of both (x0, x1 and so on).

// vector is a vector instruction whose result is a vector.
type vector struct {
	name   string // as in wasm.Op
	args   int
	lo, hi string // hi is empty where lo goes for both halves
}

// widths are the integer lanes narrower than a half.
var widths = []struct{ name, high, shift, low, all, mask string }{
	{"I8x16", "high8", "7", "low8", "0xFF", "7"},
	{"I16x8", "high16", "15", "low16", "0xFFFF", "15"},
	{"I32x4", "high32", "31", "low32", "0xFFFFFFFF", "31"},
}

func vectors() []vector {
	vs := []vector{
		{"V128Not", 1, "^x", ""}, {"V128And", 2, "x & y", ""}, {"V128Andnot", 2, "x &^ y", ""}, {"V128Or", 2, "x | y", ""},
		{"V128Xor", 2, "x ^ y", ""}, {"V128Bitselect", 3, "choose(z, x, y)", ""},
	}
	add := func(args int, name, expr string) { vs = append(vs, vector{name, args, expr, ""}) }
	both := func(args int, name, lo, hi string) { vs = append(vs, vector{name, args, lo, hi}) }
	for _, w := range widths {
		h, s := w.high, w.shift
		lanes := func(args int, name, expr string) {
			add(args, w.name+name, strings.NewReplacer("$h", h, "$s", s).Replace(expr))
		}
		lanes(1, "Abs", "absLanes(x, $h, $s)")
		lanes(1, "Neg", "subLanes(0, x, $h)")
		lanes(2, "Add", "addLanes(x, y, $h)")
		lanes(2, "Sub", "subLanes(x, y, $h)")
		lanes(2, "Eq", "^spread(notZero(x^y, $h), $s)")
		lanes(2, "Ne", "spread(notZero(x^y, $h), $s)")
		for _, sign := range []string{"S", "U"} {
			lanes(2, "Lt"+sign, "spread(less"+sign+"(x, y, $h), $s)")
			lanes(2, "Gt"+sign, "spread(less"+sign+"(y, x, $h), $s)")
			lanes(2, "Le"+sign, "^spread(less"+sign+"(y, x, $h), $s)")
			lanes(2, "Ge"+sign, "^spread(less"+sign+"(x, y, $h), $s)")
			if w.name == "I32x4" {
				add(2, w.name+"Min"+sign, "min"+sign+"32(x, y)")
				add(2, w.name+"Max"+sign, "max"+sign+"32(x, y)")
				continue
			}
			lanes(2, "Min"+sign, "choose(spread(less"+sign+"(x, y, $h), $s), x, y)")
			lanes(2, "Max"+sign, "choose(spread(less"+sign+"(x, y, $h), $s), y, x)")
			lanes(2, "AddSat"+sign, "addSat"+sign+"(x, y, $h, $s)")
			lanes(2, "SubSat"+sign, "subSat"+sign+"(x, y, $h, $s)")
		}
		if w.name != "I32x4" {
			lanes(2, "AvgrU", "avgrU(x, y, $h)")
		}
	}
	add(1, "I64x2Abs", "abs64(x)")
	add(1, "I64x2Neg", "-x")
	add(2, "I64x2Add", "x + y")
	add(2, "I64x2Sub", "x - y")
	add(2, "I64x2Mul", "x * y")
	add(2, "I64x2Eq", "mask(x == y)")
	add(2, "I64x2Ne", "mask(x != y)")
	add(2, "I64x2LtS", "mask(int64(x) < int64(y))")
	add(2, "I64x2GtS", "mask(int64(x) > int64(y))")
	add(2, "I64x2LeS", "mask(int64(x) <= int64(y))")
	add(2, "I64x2GeS", "mask(int64(x) >= int64(y))")
	add(1, "I8x16Popcnt", "popcnt8(x)")
	add(2, "I16x8Mul", "mul16(x, y)")
	add(2, "I32x4Mul", "mul32(x, y)")
	add(2, "I32x4DotI16x8S", "dot16(x, y)")
	add(2, "I16x8Q15mulrSatS", "q15Lanes(x, y)")
	add(2, "I16x8RelaxedDotI8x16I7x16S", "dot8Lanes(x, y)")
	add(3, "I32x4RelaxedDotI8x16I7x16AddS", "addLanes(pairs16S(dot8Lanes(x, y)), z, high32)")
	for _, sign := range []string{"S", "U"} {
		both(2, "I8x16NarrowI16x8"+sign, "narrow8(narrow8"+sign+"(x0), narrow8"+sign+"(x1))", "narrow8(narrow8"+sign+"(y0), narrow8"+sign+"(y1))")
		both(2, "I16x8NarrowI32x4"+sign, "narrow16"+sign+"(x0, x1)", "narrow16"+sign+"(y0, y1)")
		add(1, "I16x8ExtaddPairwiseI8x16"+sign, "pairs8"+sign+"(x)")
		add(1, "I32x4ExtaddPairwiseI16x8"+sign, "pairs16"+sign+"(x)")
		for _, from := range []struct{ to, lanes, wide, mul string }{
			{"I16x8", "I8x16", "wide8", "mul16(%s, %s)"}, {"I32x4", "I16x8", "wide16", "mul32(%s, %s)"}, {"I64x2", "I32x4", "wide32", "%s * %s"},
		} {
			for half, part := range []string{"Low", "High"} {
				x, y := fmt.Sprintf("x%d", half), fmt.Sprintf("y%d", half)
				wide := func(v string) string { return from.wide + sign + "(" + v + ")" }
				both(1, from.to+"Extend"+part+from.lanes+sign, wide(x), wide(x+" >> 32"))
				both(2, from.to+"Extmul"+part+from.lanes+sign, fmt.Sprintf(from.mul, wide(x), wide(y)),
					fmt.Sprintf(from.mul, wide(x+" >> 32"), wide(y+" >> 32")))
			}
		}
	}
	return append(vs, floatVectors()...)
}

func floatVectors() (vs []vector) {
	add := func(args int, name, expr string) { vs = append(vs, vector{name, args, expr, ""}) }
	both := func(args int, name, lo, hi string) { vs = append(vs, vector{name, args, lo, hi}) }
	// lanes adds an operation for both widths from its scalar form, which speaks of a, b and c.
	lanes := func(args int, name, expr string) {
		r := func(x, y, z string) string { return strings.NewReplacer("$a", x, "$b", y, "$c", z).Replace(expr) }
		add(args, "F32x4"+name, "packF32("+r("f32Lo(x)", "f32Lo(y)", "f32Lo(z)")+", "+r("f32Hi(x)", "f32Hi(y)", "f32Hi(z)")+")")
		add(args, "F64x2"+name, "math.Float64bits("+r("f64(x)", "f64(y)", "f64(z)")+")")
	}
	compare := func(name, operator string) {
		add(2, "F32x4"+name, "packMask(f32Lo(x) "+operator+" f32Lo(y), f32Hi(x) "+operator+" f32Hi(y))")
		add(2, "F64x2"+name, "mask(f64(x) "+operator+" f64(y))")
	}
	compare("Eq", "==")
	compare("Ne", "!=")
	compare("Lt", "<")
	compare("Gt", ">")
	compare("Le", "<=")
	compare("Ge", ">=")
	// abs and neg keep a NaN's payload, as the scalar ones do.
	add(1, "F32x4Abs", "x &^ high32")
	add(1, "F32x4Neg", "x ^ high32")
	add(1, "F64x2Abs", "x &^ (1 << 63)")
	add(1, "F64x2Neg", "x ^ 1<<63")
	lanes(2, "Add", "$a + $b")
	lanes(2, "Sub", "$a - $b")
	lanes(2, "Mul", "$a * $b")
	lanes(2, "Div", "$a / $b")
	lanes(2, "Min", "least($a, $b)")
	lanes(2, "Max", "greatest($a, $b)")
	for _, f := range []string{"Pmin", "Pmax"} {
		add(2, "F32x4"+f, strings.ToLower(f)+"32(x, y)")
		add(2, "F64x2"+f, strings.ToLower(f)+"64(x, y)")
	}
	add(1, "F32x4Sqrt", "packF32(float32(math.Sqrt(float64(f32Lo(x)))), float32(math.Sqrt(float64(f32Hi(x)))))")
	add(1, "F64x2Sqrt", "math.Float64bits(math.Sqrt(f64(x)))")
	for _, f := range []string{"Ceil", "Floor", "Trunc", "Nearest"} {
		fn := strings.ToLower(f)
		add(1, "F32x4"+f, "packF32(float32("+fn+"(float64(f32Lo(x)))), float32("+fn+"(float64(f32Hi(x)))))")
		add(1, "F64x2"+f, "math.Float64bits("+fn+"(f64(x)))")
	}
	add(3, "F32x4RelaxedMadd", "packF32(madd32(f32Lo(x), f32Lo(y), f32Lo(z)), madd32(f32Hi(x), f32Hi(y), f32Hi(z)))")
	add(3, "F32x4RelaxedNmadd", "packF32(madd32(-f32Lo(x), f32Lo(y), f32Lo(z)), madd32(-f32Hi(x), f32Hi(y), f32Hi(z)))")
	add(3, "F64x2RelaxedMadd", "math.Float64bits(madd64(f64(x), f64(y), f64(z)))")
	add(3, "F64x2RelaxedNmadd", "math.Float64bits(madd64(-f64(x), f64(y), f64(z)))")
	for _, sign := range []string{"S", "U"} {
		sat := "satI32" + sign
		add(1, "I32x4TruncSatF32x4"+sign, "pack32("+sat+"(float64(f32Lo(x))), "+sat+"(float64(f32Hi(x))))")
		both(1, "I32x4TruncSatF64x2"+sign+"Zero", "pack32("+sat+"(f64(x0)), "+sat+"(f64(x1)))", "0")
		from := map[string]string{"S": "int32", "U": "uint32"}[sign]
		add(1, "F32x4ConvertI32x4"+sign, "packF32(float32("+from+"(x)), float32("+from+"(x>>32)))")
		both(1, "F64x2ConvertLowI32x4"+sign, "math.Float64bits(float64("+from+"(x0)))", "math.Float64bits(float64("+from+"(x0>>32)))")
	}
	both(1, "F32x4DemoteF64x2Zero", "packF32(float32(f64(x0)), float32(f64(x1)))", "0")
	both(1, "F64x2PromoteLowF32x4", "math.Float64bits(float64(f32Lo(x0)))", "math.Float64bits(float64(f32Hi(x0)))")
	return vs
}

// relaxed are the relaxed instructions that do what another one does; simd_float.go lists all.
var relaxed = [][2]string{
	{"I8x16RelaxedSwizzle", "I8x16Swizzle"},
	{"I32x4RelaxedTruncF32x4S", "I32x4TruncSatF32x4S"}, {"I32x4RelaxedTruncF32x4U", "I32x4TruncSatF32x4U"},
	{"I32x4RelaxedTruncF64x2SZero", "I32x4TruncSatF64x2SZero"}, {"I32x4RelaxedTruncF64x2UZero", "I32x4TruncSatF64x2UZero"},
	{"I8x16RelaxedLaneselect", "V128Bitselect"}, {"I16x8RelaxedLaneselect", "V128Bitselect"},
	{"I32x4RelaxedLaneselect", "V128Bitselect"}, {"I64x2RelaxedLaneselect", "V128Bitselect"},
	{"F32x4RelaxedMin", "F32x4Min"}, {"F32x4RelaxedMax", "F32x4Max"}, {"F64x2RelaxedMin", "F64x2Min"}, {"F64x2RelaxedMax", "F64x2Max"},
	{"I16x8RelaxedQ15mulrS", "I16x8Q15mulrSatS"},
}

// reductions make a number of a vector.
var reductions = [][2]string{
	{"V128AnyTrue", "bit(x0|x1 != 0)"},
	{"I8x16AllTrue", "bit(notZero(x0, high8)&notZero(x1, high8) == high8)"},
	{"I16x8AllTrue", "bit(notZero(x0, high16)&notZero(x1, high16) == high16)"},
	{"I32x4AllTrue", "bit(notZero(x0, high32)&notZero(x1, high32) == high32)"},
	{"I64x2AllTrue", "bit(x0 != 0 && x1 != 0)"},
	{"I8x16Bitmask", "bitmask8(x0) | bitmask8(x1)<<8"},
	{"I16x8Bitmask", "bitmask16(x0) | bitmask16(x1)<<4"},
	{"I32x4Bitmask", "bitmask32(x0) | bitmask32(x1)<<2"},
	{"I64x2Bitmask", "x0>>63 | x1>>63<<1"},
}

// splats fill a vector with a number.
var splats = [][2]string{
	{"I8x16Splat", "x & 255 * low8"}, {"I16x8Splat", "x & 65535 * low16"}, {"I32x4Splat", "x & even32 * low32"}, {"I64x2Splat", "x"},
	{"F32x4Splat", "x & even32 * low32"}, {"F64x2Splat", "x"},
}

// vectorLoads give both halves from p.
var vectorLoads = []struct {
	name   string
	size   int
	lo, hi string // of v, where val is given
	val    string
}{
	{"V128Load", 16, "le64(p)", "le64(unsafe.Add(p, 8))", ""},
	{"V128Load8x8S", 8, "wide8S(v)", "wide8S(v >> 32)", "le64(p)"}, {"V128Load8x8U", 8, "wide8U(v)", "wide8U(v >> 32)", "le64(p)"},
	{"V128Load16x4S", 8, "wide16S(v)", "wide16S(v >> 32)", "le64(p)"}, {"V128Load16x4U", 8, "wide16U(v)", "wide16U(v >> 32)", "le64(p)"},
	{"V128Load32x2S", 8, "wide32S(v)", "wide32S(v >> 32)", "le64(p)"}, {"V128Load32x2U", 8, "wide32U(v)", "wide32U(v >> 32)", "le64(p)"},
	{"V128Load8Splat", 1, "v", "v", "uint64(*(*uint8)(p)) * low8"}, {"V128Load16Splat", 2, "v", "v", "uint64(le16(p)) * low16"},
	{"V128Load32Splat", 4, "v", "v", "uint64(le32(p)) * low32"}, {"V128Load64Splat", 8, "v", "v", "le64(p)"},
	{"V128Load32Zero", 4, "uint64(le32(p))", "0", ""}, {"V128Load64Zero", 8, "le64(p)", "0", ""},
}

// laneAccesses are the widths of lanes, with the loads and stores of one. imm has the offset in its lower half, above it how far the lane is
// from its half's lowest bit (8 bits) and which half it is in.
var laneAccesses = []struct {
	bits      int
	load, put string
	mask      string
}{
	{8, "uint64(*(*uint8)(p))", "*(*uint8)(p) = uint8(v)", "0xFF"},
	{16, "uint64(le16(p))", "put16(p, uint16(v))", "0xFFFF"},
	{32, "uint64(le32(p))", "put32(p, uint32(v))", "0xFFFFFFFF"},
	{64, "le64(p)", "put64(p, v)", "0xFFFFFFFFFFFFFFFF"},
}

// vectorGen writes the handlers; names, numbers and the handlers' table are the other generator's.
type vectorGen struct {
	*gen
	ops, shifts, sums, plus, any, funcs bytes.Buffer
}

func lower(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// begin opens the handler of the wasm instruction name and gives it its place in the table.
func (g *vectorGen) begin(name string) {
	fmt.Fprintf(&g.ops, "wasm.Op%s & 0xFFFF: %s,\n", name, g.op(lower(name)))
	fmt.Fprintf(&g.funcs, "func %s%s {\n", lower(name), signature)
}

// read declares the halves of operand v, whose slot is where.
func (g *vectorGen) read(v, where string) {
	fmt.Fprintf(&g.funcs, "%s0, %s1 := *slot(fp, %s), *upper(fp, %s)\n", v, v, where, where)
}

func (g *vectorGen) put(lo, hi string) {
	fmt.Fprintf(&g.funcs, "*slot(fp, pc.a), *upper(fp, pc.a) = %s, %s\n%s}\n\n", lo, hi, next)
}

// halves is expr for both halves.
func halves(expr string) (lo, hi string) {
	sub := func(expr, half string) string {
		var out strings.Builder
		for i := 0; i < len(expr); i++ {
			out.WriteByte(expr[i])
			if c := expr[i]; c >= 'x' && c <= 'z' && !letter(expr, i-1) && !letter(expr, i+1) {
				out.WriteString(half)
			}
		}
		return out.String()
	}
	return sub(expr, "0"), sub(expr, "1")
}

// letter tells whether expr[i] belongs to a name.
func letter(expr string, i int) bool {
	return i >= 0 && i < len(expr) && (expr[i] >= 'a' && expr[i] <= 'z' || expr[i] >= 'A' && expr[i] <= 'Z' || expr[i] >= '0' && expr[i] <= '9')
}

func (g *vectorGen) vector(v vector) {
	g.begin(v.name)
	lo, hi := v.lo, v.hi
	if hi == "" {
		lo, hi = halves(v.lo)
	}
	for i, x := range []string{"x", "y", "z"}[:v.args] {
		g.readUsed(x, []string{"pc.b", "pc.c", "uint16(pc.imm)"}[i], lo+" "+hi)
	}
	g.put(lo, hi)
}

// readUsed is read for the halves that the expression uses.
func (g *vectorGen) readUsed(v, where, expr string) {
	if strings.Contains(expr, v+"0") {
		fmt.Fprintf(&g.funcs, "%s0 := *slot(fp, %s)\n", v, where)
	}
	if strings.Contains(expr, v+"1") {
		fmt.Fprintf(&g.funcs, "%s1 := *upper(fp, %s)\n", v, where)
	}
}

// shift writes a shift by a slot and one by a constant.
func (g *vectorGen) shift(name, mask, expr string) {
	lo, hi := halves(expr)
	g.begin(name)
	g.read("x", "pc.b")
	fmt.Fprintf(&g.funcs, "n := uint32(*slot(fp, pc.c)) & %s\n", mask)
	g.put(lo, hi)
	imm := name + "I"
	fmt.Fprintf(&g.shifts, "wasm.Op%s & 0xFFFF: %s,\n", name, g.op(lower(imm)))
	fmt.Fprintf(&g.funcs, "func %s%s {\n", lower(imm), signature)
	g.read("x", "pc.b")
	fmt.Fprintf(&g.funcs, "n := uint32(pc.imm) & %s\n", mask)
	g.put(lo, hi)
}

// checked writes a plain access's address, one slot, and bounds check.
func (g *vectorGen) checked(size int) { g.checkedAt("uint64(uint32(*slot(fp, pc.b)))", size) }

func (g *vectorGen) checkedAt(addr string, size int) {
	fmt.Fprintf(&g.funcs, "ea := %s\nif ea+%d > ml {\n%s}\np := unsafe.Add(mb, ea)\n", effective(addr, true), size, oob)
}

// whole writes the loads and stores of whole vectors whose address is the 32-bit sum of two slots (RR; the second one is
// in field second) or of a slot and a constant (RI), and those with a general address (Any).
func (g *vectorGen) whole(name, second string, access func()) {
	open := func(form string, table *bytes.Buffer) {
		fmt.Fprintf(table, "wasm.Op%s & 0xFFFF: %s,\n", name, g.op(lower(name+form)))
		fmt.Fprintf(&g.funcs, "func %s%s {\n", lower(name+form), signature)
	}
	open("RR", &g.sums)
	g.checkedAt("uint64(uint32(*slot(fp, pc.b)) + uint32(*slot(fp, pc."+second+")))", 16)
	access()
	open("RI", &g.plus)
	g.checkedAt("uint64(uint32(*slot(fp, pc.b)) + uint32(pc.imm>>32))", 16)
	access()
	open("Any", &g.any)
	fmt.Fprintf(&g.funcs, "p, ok := t.inst.memories[pc.%s].at(*slot(fp, pc.b), pc.imm, 16)\nif !ok {\n%s}\n", second, oob)
	access()
}

func (g *vectorGen) memory() {
	for _, a := range vectorLoads {
		g.begin(a.name)
		g.checked(a.size)
		if a.val != "" {
			fmt.Fprintf(&g.funcs, "v := %s\n", a.val)
		}
		g.put(a.lo, a.hi)
	}
	g.begin("V128Store")
	g.checked(16)
	g.read("x", "pc.c")
	fmt.Fprintf(&g.funcs, "put64(p, x0)\nput64(unsafe.Add(p, 8), x1)\n%s}\n\n", next)
	for _, a := range laneAccesses {
		g.begin(fmt.Sprintf("V128Load%dLane", a.bits))
		g.checked(a.bits / 8)
		g.read("x", "pc.c")
		fmt.Fprintf(&g.funcs, "v := %s\n*slot(fp, pc.a), *upper(fp, pc.a) = x0, x1\n", a.load)
		g.funcs.WriteString("lane, s := slot(fp, pc.a+uint16(pc.imm>>40)), pc.imm >> 32 & 63\n")
		fmt.Fprintf(&g.funcs, "*lane = *lane&^(%s<<s) | v<<s\n%s}\n\n", a.mask, next)
		name := fmt.Sprintf("replaceI%d", a.bits)
		g.op(name)
		fmt.Fprintf(&g.funcs, "func %s%s {\n", name, signature)
		g.read("x", "pc.b")
		fmt.Fprintf(&g.funcs, "v := *slot(fp, pc.c) & %s\n*slot(fp, pc.a), *upper(fp, pc.a) = x0, x1\n", a.mask)
		g.funcs.WriteString("lane, s := slot(fp, pc.a+uint16(pc.imm>>40)), pc.imm >> 32 & 63\n")
		fmt.Fprintf(&g.funcs, "*lane = *lane&^(%s<<s) | v<<s\n%s}\n\n", a.mask, next)
		// The lane's half is chosen when lowering: c is its slot.
		g.begin(fmt.Sprintf("V128Store%dLane", a.bits))
		g.checked(a.bits / 8)
		fmt.Fprintf(&g.funcs, "v := *slot(fp, pc.c) >> (pc.imm >> 32 & 63)\n%s\n%s}\n\n", a.put, next)
	}
	// What has no form here, be it for a sum or for other memories and 64 bits, is a scalar instruction and a vector
	// instruction, see lower_simd.go.
	g.whole("V128Load", "c", func() { g.put("le64(p)", "le64(unsafe.Add(p, 8))") })
	g.whole("V128Store", "a", func() {
		g.read("x", "pc.c")
		fmt.Fprintf(&g.funcs, "put64(p, x0)\nput64(unsafe.Add(p, 8), x1)\n%s}\n\n", next)
	})
}

// vectorHandWritten are the vector instructions whose handlers stand in simd_handlers.go.
var vectorHandWritten = strings.Fields(`
	v128Const v128ConstSame
	i8x16Swizzle shuffle8 shuffle16 shuffle32 shuffle64 shuffleSlide
	extractI8S extractI8U extractI16S extractI16U extractI32 extractI64
`)

// simd gives the vector instructions their numbers and writes simd_gen.go.
func (g *gen) simd() error {
	v := &vectorGen{gen: g}
	for _, name := range vectorHandWritten {
		g.op(name)
	}
	v.ops.WriteString("wasm.OpI8x16Swizzle & 0xFFFF: opI8x16Swizzle,\n")
	for _, x := range vectors() {
		v.vector(x)
	}
	for _, x := range relaxed {
		fmt.Fprintf(&v.ops, "wasm.Op%s & 0xFFFF: op%s,\n", x[0], x[1])
	}
	for _, x := range reductions {
		v.begin(x[0])
		v.read("x", "pc.b")
		fmt.Fprintf(&v.funcs, "acc = %s\n*slot(fp, pc.a) = acc\n%s}\n\n", x[1], next)
	}
	for _, x := range splats {
		v.begin(x[0])
		fmt.Fprintf(&v.funcs, "x := %s\n", strings.ReplaceAll(x[1], "x", "*slot(fp, pc.b)"))
		v.put("x", "x")
	}
	for _, w := range widths {
		v.shift(w.name+"Shl", w.mask, fmt.Sprintf("shlLanes(x, n, %s, %s)", w.low, w.all))
		v.shift(w.name+"ShrU", w.mask, fmt.Sprintf("shrULanes(x, n, %s, %s)", w.low, w.all))
		v.shift(w.name+"ShrS", w.mask, fmt.Sprintf("shrSLanes(x, n, %s, %s, %s, %s)", w.low, w.all, w.high, w.shift))
	}
	v.shift("I64x2Shl", "63", "x << n")
	v.shift("I64x2ShrU", "63", "x >> n")
	v.shift("I64x2ShrS", "63", "uint64(int64(x) >> n)")
	v.memory()

	var out bytes.Buffer
	fmt.Fprintf(&out, `// Code generated by interp/internal/genhandlers; DO NOT EDIT.

package interp

import (
	"math"
	"unsafe"

	"github.com/godwit-vm/godwit/wasm"
)

// vectorOps gives the handlers of the vector instructions by their number behind the prefix; vectorShiftOps those of
// shifts by a constant; vectorSumOps and vectorPlusOps those of accesses whose address is the sum of two slots or of a
// slot and a constant, vectorAnyOps those of accesses to other memories than a memory 0 of 32 bits.
var vectorOps = [vectorOpCount]op{
%s}

var vectorShiftOps = [vectorOpCount]op{
%s}

var vectorSumOps = [vectorOpCount]op{
%s}

var vectorPlusOps = [vectorOpCount]op{
%s}

var vectorAnyOps = [vectorOpCount]op{
%s}

%s`, v.ops.String(), v.shifts.String(), v.sums.String(), v.plus.String(), v.any.String(), v.funcs.String())
	src, err := format.Source(out.Bytes())
	if err != nil {
		os.WriteFile("simd_gen.go", out.Bytes(), 0o644)
		return err
	}
	return os.WriteFile("simd_gen.go", src, 0o644)
}
