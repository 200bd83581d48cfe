package wat

import (
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/godwit-vm/godwit/wasm"
)

// cursor walks over the tokens from i up to end. The first error is kept, and moves the cursor to the end, where there
// is nothing but tokEOF: a reader needs no checks between its steps, as long as its loops stop there.
type cursor struct {
	*text
	i, end int
	err    *Error
}

// at is the token n tokens on.
func (c *cursor) at(n int) token {
	if c.i+n >= c.end {
		t := c.tokens[c.end]
		t.kind = tokEOF
		return t
	}
	return c.tokens[c.i+n]
}

// of is the source of a token.
func (t *text) of(k token) string { return string(t.src[k.off:k.end]) }

func (c *cursor) failAt(off int, format string, args ...any) {
	if c.err == nil {
		c.err = errorAt(c.file, c.src, off, format, args...)
		c.i = c.end
	}
}

// fail is an error at the token that comes next.
func (c *cursor) fail(format string, args ...any) { c.failAt(int(c.at(0).off), format, args...) }

// failBefore is an error at the token that was read last.
func (c *cursor) failBefore(format string, args ...any) {
	if c.err == nil {
		c.failAt(int(c.tokens[c.i-1].off), format, args...)
	}
}

// unexpected is the error that the next token stands where it must not. A token that could stand nowhere is an unknown
// operator instead.
func (c *cursor) unexpected() {
	t := c.at(0)
	s := c.of(t)
	switch {
	case t.kind == tokEOF:
		c.fail("unexpected token: the text ends here, or a parenthesis is closed too early")
	case t.kind == tokReserved, t.kind == tokKeyword && !isKeyword(s), t.kind == tokNumber && formOf(s) == notNumber:
		c.fail("unknown operator %s", s)
	case t.kind == tokID && len(s) == 1, t.kind == tokQuotedID && len(s) == 3:
		c.fail("empty identifier")
	case t.kind == tokLeft && c.opens() != "":
		c.fail("unexpected token (%s", c.opens())
	default:
		c.fail("unexpected token %s", s)
	}
}

// seek moves to token i, unless there was an error.
func (c *cursor) seek(i int) {
	if c.err == nil {
		c.i = i
	}
}

// more tells whether the next token is neither a right parenthesis nor the end.
func (c *cursor) more() bool {
	k := c.at(0).kind
	return k != tokRight && k != tokEOF
}

// keyword is the next token if that is a keyword, else "".
func (c *cursor) keyword() string {
	if t := c.at(0); t.kind == tokKeyword {
		return c.of(t)
	}
	return ""
}

// take passes over the next token if that is the keyword, and tells whether it was.
func (c *cursor) take(keyword string) bool {
	if c.keyword() != keyword {
		return false
	}
	c.i++
	return true
}

// opens is the keyword after a left parenthesis, if these two come next, else "".
func (c *cursor) opens() string {
	if c.at(0).kind != tokLeft {
		return ""
	}
	if t := c.at(1); t.kind == tokKeyword {
		return c.of(t)
	}
	return ""
}

// open passes over a left parenthesis and the keyword, and tells whether they were there.
func (c *cursor) open(keyword string) bool {
	if c.opens() != keyword {
		return false
	}
	c.i += 2
	return true
}

// close passes over a right parenthesis.
func (c *cursor) close() {
	if c.at(0).kind != tokRight {
		c.unexpected()
		return
	}
	c.i++
}

// isID tells whether an identifier comes next.
func (c *cursor) isID() bool {
	k := c.at(0).kind
	return k == tokID || k == tokQuotedID
}

// id passes over an identifier, if one comes next, and is its name without the $; without one it is "".
func (c *cursor) id() string {
	if !c.isID() {
		return ""
	}
	t := c.at(0)
	name := c.src[t.off+1 : t.end]
	if t.kind == tokQuotedID {
		name = unquote(nil, name)
		if !utf8.Valid(name) {
			c.fail("malformed UTF-8 encoding")
			return ""
		}
	}
	if len(name) == 0 {
		c.fail("empty identifier")
		return ""
	}
	if c.err == nil {
		c.i++
	}
	return string(name)
}

// string passes over a string and appends what it says.
func (c *cursor) string(out []byte) []byte {
	t := c.at(0)
	if t.kind != tokString {
		c.unexpected()
		return out
	}
	c.i++
	return unquote(out, c.src[t.off:t.end])
}

// strings passes over strings, and is all of them in one.
func (c *cursor) strings() (out []byte) {
	for c.at(0).kind == tokString {
		out = c.string(out)
	}
	return out
}

// utf8 passes over a string that has to be UTF-8.
func (c *cursor) utf8() string {
	s := c.string(nil)
	if !utf8.Valid(s) {
		c.failBefore("malformed UTF-8 encoding")
	}
	return string(s)
}

// isNatural tells whether a natural number comes next.
func (c *cursor) isNatural() bool {
	t := c.at(0)
	return t.kind == tokNumber && formOf(c.of(t)) == natural
}

// isIndex tells whether an index comes next: a number or an identifier.
func (c *cursor) isIndex() bool { return c.isID() || c.isNatural() }

// natural passes over a natural number of so many bits.
func (c *cursor) natural(bits int) uint64 {
	if !c.isNatural() {
		c.unexpected()
		return 0
	}
	v, ok := parseNatural(c.of(c.at(0)))
	if !ok || v > 1<<bits-1 {
		c.fail("i%d constant out of range", bits)
		return 0
	}
	c.i++
	return v
}

// u32 passes over a natural number.
func (c *cursor) u32() uint32 { return uint32(c.natural(32)) }

// number is the next token if it looks like a number of one of the forms up to the given one, else "".
func (c *cursor) number(most numberForm) string {
	t := c.at(0)
	if t.kind != tokNumber && t.kind != tokKeyword {
		return ""
	}
	s := c.of(t)
	if form := formOf(s); form == notNumber || form > most {
		return ""
	}
	return s
}

// int passes over an integer of so many bits.
func (c *cursor) int(bits int) uint64 {
	s := c.number(integer)
	if s == "" {
		c.unexpected()
		return 0
	}
	v, ok := parseInteger(s, bits)
	if !ok {
		c.fail("i%d constant out of range", bits)
		return 0
	}
	c.i++
	return v
}

// float passes over a floating-point number of so many bits.
func (c *cursor) float(bits int) uint64 {
	s := c.number(float)
	if s == "" {
		c.unexpected()
		return 0
	}
	v, ok := parseFloat(s, bits)
	if !ok {
		c.fail("f%d constant out of range", bits)
		return 0
	}
	c.i++
	return v
}

// shape passes over the name of a vector's shape.
func (c *cursor) shape() Shape {
	i := slices.IndexFunc(shapes[:], func(s shapeInfo) bool { return s.name == c.keyword() })
	if i < 0 {
		c.unexpected()
		return 0
	}
	c.i++
	return Shape(i)
}

// lane passes over the number of one lane.
func (c *cursor) lane(s Shape) uint64 {
	if shapes[s].float {
		return c.float(s.Bits())
	}
	return c.int(s.Bits())
}

// vector passes over a shape and its lanes.
func (c *cursor) vector() (lo, hi uint64) {
	shape := c.shape()
	from := c.i
	for c.number(float) != "" {
		c.i++
	}
	n := c.i - from
	switch {
	case n < shape.Lanes() && c.more():
		c.unexpected()
	case n != shape.Lanes():
		c.fail("wrong number of lane literals")
	}
	c.seek(from)
	for i := range shape.Lanes() {
		lo, hi = setLane(lo, hi, shape, i, c.lane(shape))
	}
	return lo, hi
}

// setLane puts a lane into a vector.
func setLane(lo, hi uint64, shape Shape, lane int, v uint64) (uint64, uint64) {
	if at := lane * shape.Bits(); at < 64 {
		return lo | v<<at, hi
	} else {
		return lo, hi | v<<(at-64)
	}
}

// keywords are the words of the text format.
var keywords = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for _, word := range keywordList {
		set[word] = true
	}
	for op := range wasm.Ops() {
		set[op.Name] = true
	}
	return set
})

var keywordList = []string{
	"module", "type", "rec", "sub", "final", "func", "struct", "array", "field", "mut", "param", "result", "local",
	"table", "memory", "global", "tag", "import", "export", "start", "elem", "data", "declare", "item", "offset",
	"shared", "pagesize", "then", "do", "catch", "catch_ref", "catch_all", "catch_all_ref", "delegate",
	"i8", "i16", "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2",
	"ref", "null", "exact", "descriptor", "describes", "inf", "nan", "nan:canonical", "nan:arithmetic",
	"definition", "instance", "binary", "quote", "register", "invoke", "get", "either",
	"assert_return", "assert_trap", "assert_exhaustion", "assert_exception", "assert_invalid", "assert_malformed",
	"assert_unlinkable", "assert_invalid_custom", "assert_malformed_custom",
	"ref.extern", "ref.host", "ref.any", "ref.struct", "ref.array", "ref.exn",
}

// isKeyword tells whether the format has the word.
func isKeyword(s string) bool {
	if keywords()[s] || abstractHeap[s] != 0 || abstractRef[s] != 0 {
		return true
	}
	for _, prefix := range [...]string{"offset=", "align="} {
		if len(s) > len(prefix) && s[:len(prefix)] == prefix && formOf(s[len(prefix):]) == natural {
			return true
		}
	}
	return formOf(s) == float
}
