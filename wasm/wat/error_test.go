package wat

import (
	"errors"
	"strings"
	"testing"
)

func TestErrorShowsTheLine(t *testing.T) {
	_, err := Parse("a.wat", []byte("(module\n\t(func (é; é;) $x)\n\t;; é\n\t(start\t$y))"))
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *Error", err)
	}
	if want := "a.wat:2:9: illegal character\n\t\t(func (é; é;) $x)\n\t\t       ^"; err.Error() != want {
		t.Errorf("got\n%s\nnot\n%s", err, want)
	}
	_, err = Parse("a.wat", []byte("(module\n\t(func (; é ;) $x)\n\t(start\t$y))\r\n"))
	if want := "a.wat:3:9: unknown func $y\n\t\t(start\t$y))\n\t\t      \t^"; err == nil || err.Error() != want {
		t.Errorf("got\n%s\nnot\n%s", err, want)
	}
}

// TestErrorShowsNoControlCharacters has lines that a terminal must not see as they are; the caret keeps its column.
func TestErrorShowsNoControlCharacters(t *testing.T) {
	for source, want := range map[string]string{
		"\x00\x1b[2J x":      "\uFFFD\uFFFD[2J x",
		"\xffa\xffa\xffx":    "\uFFFDa\uFFFDa\uFFFDx",
		"\xff\xff\xff\xffax": "\uFFFD\uFFFD\uFFFD\uFFFDax",
	} {
		e := &Error{File: "a.wat", Line: 1, Column: 6, Message: "m", Source: source}
		if want := "a.wat:1:6: m\n\t" + want + "\n\t     ^"; e.Error() != want {
			t.Errorf("got\n%q\nnot\n%q", e, want)
		}
	}
}

func TestErrorCutsLongLines(t *testing.T) {
	_, err := Parse("a.wat", []byte(strings.Repeat("(func)", 10_000)+"(start $y)"+strings.Repeat(" (func)", 10_000)))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || len(lines[1]) > 200 || len(lines[2]) > 200 {
		t.Fatalf("the error is too long: %d bytes", len(err.Error()))
	}
	if caret := strings.IndexByte(lines[2], '^'); !strings.HasPrefix(lines[1][caret:], "$y)") {
		t.Errorf("the caret is in the wrong place:\n%s", err)
	}
}

// TestRefused has texts that are wrong, and how the error begins.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"(module", "1:8: unexpected token"},
		{"(module))", "1:9: unexpected token )"},
		{"(module) (module)", "1:10: unexpected token ("},
		{"(func", "1:6: unexpected token"},
		{"func", "1:1: unexpected token func"},
		{"(funk)", "1:2: unknown operator funk"},
		{"(if)", "1:2: unexpected token if"},
		{"(func (i32.cont 1))", "1:8: unknown operator i32.cont"},
		{"(func i32.const 1x)", "1:17: unknown operator 1x"},
		{"(func i32.const -0x)", "1:17: unknown operator -0x"},
		{`(import "a""b" (func))`, `1:9: unknown operator "a""b"`},
		{"(func (local.get $x))", "1:18: unknown local $x"},
		{"(func (param $x i32) (local $x i32))", "1:29: duplicate local $x"},
		{"(func $a) (func $a)", "1:17: duplicate func $a"},
		{"(type $a (func)) (type $a (func))", "1:24: duplicate type $a"},
		{"(type (struct (field $a i32) (field $a i32)))", "1:37: duplicate field $a"},
		{"(func (block $a) (br $a))", "1:22: unknown label $a"},
		{"(func block $a end $b)", "1:20: mismatching label $b"},
		{"(func if $a else $b end)", "1:18: mismatching label $b"},
		{"(func block)", "1:12: unexpected token )"},
		{"(func end)", "1:7: unexpected token end"},
		{"(func (block end))", "1:14: unexpected token end"},
		{"(func block (nop end) end)", "1:18: unexpected token end"},
		{"(func block else end)", "1:13: unexpected token else"},
		{"(func (if (nop)))", "1:16: unexpected token )"},
		{"(func (then))", "1:8: unexpected token then"},
		{"(func (i32.add nop))", "1:16: unexpected token nop"},
		{"(func) (import \"\" \"\" (func))", "1:8: import after function"},
		{"(func (import \"\" \"\")) (memory 1) (tag (import \"\" \"\"))", "1:34: import after memory"},
		{"(func) (start 0) (start 0)", "1:18: multiple start sections"},
		{"(type (func (param i32))) (func (type 0) (param i64))", "1:33: inline function type"},
		{"(func (type 1) (param i32))", "1:7: unknown type 1"},
		{"(func (type 0) (local $x i32))", "1:7: unknown type 0"},
		{"(func (result i32) (param i32))", "1:20: unexpected token (param"},
		{"(func i32.load align=3)", "1:16: alignment must be a power of two"},
		{"(func i32.load align=)", "1:16: unknown operator align="},
		{"(func i32.load align=1 offset=1)", "1:24: unexpected token offset=1"},
		{"(func i32.load offset=0x1_0000_0000_0000_0000)", "1:16: i64 constant out of range"},
		{"(func i8x16.extract_lane_s 256)", "1:28: i8 constant out of range"},
		{"(func i8x16.shuffle 0 1 2)", "1:26: invalid lane length"},
		{"(func v128.const i32x4 1 2 3)", "1:29: wrong number of lane literals"},
		{"(memory 1 (pagesize 3))", "1:21: invalid custom page size"},
		{"(func $)", "1:7: empty identifier"},
		{`(func $"")`, "1:7: empty identifier"},
		{`(func (export "\ff"))`, "1:15: malformed UTF-8 encoding"},
		{"(func) ;; \xff", "1:11: malformed UTF-8 encoding"},
		{"(func é)", "1:7: illegal character"},
		{`(data "\x")`, "1:8: illegal escape"},
		{`(data "\u{d800}")`, "1:8: illegal escape"},
		{`(data "\u{1__0}")`, "1:8: illegal escape"},
		{"(data \"a\nb\")", "1:7: unclosed string"},
		{`(data "a`, "1:7: unclosed string"},
		{"(; (; ;)", "1:1: unclosed comment"},
		{"(@a (b)", "1:1: unclosed annotation"},
		{"(@ a)", "1:1: empty annotation id"},
		{"(func (@name 1))", "1:14: @name annotation: unexpected token"},
		{`(func (nop (@custom "")))`, "1:12: misplaced @custom annotation"},
		{`(global i32 (@metadata.code.branch_hint "\00") (if (then)))`, "1:13: @metadata.code.branch_hint annotation: not in a function"},
		{`(func (@metadata.code.branch_hint "\02") (if (then)))`, "1:7: @metadata.code.branch_hint annotation: invalid value"},
	} {
		t.Run(c.text, func(t *testing.T) {
			_, err := Parse("t", []byte(c.text))
			if err == nil || !strings.HasPrefix(err.Error(), "t:"+c.want) {
				t.Errorf("the error is %v, not %s", err, c.want)
			}
		})
	}
}
