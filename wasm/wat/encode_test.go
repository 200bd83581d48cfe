package wat

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

// sectionOf is the contents of the first section with the number in a binary, or nil.
func sectionOf(t *testing.T, b []byte, id byte) []byte {
	t.Helper()
	for b = b[8:]; len(b) > 0; {
		n, shift, i := 0, 0, 1
		for ; b[i]&0x80 != 0; i++ {
			n |= int(b[i]&0x7F) << shift
			shift += 7
		}
		n |= int(b[i]) << shift
		body := b[i+1:]
		if b[0] == id {
			return body[:n]
		}
		b = body[n:]
	}
	return nil
}

// TestEncoding has a text, a section, and what the specification says that section is.
func TestEncoding(t *testing.T) {
	for _, c := range []struct {
		rule, text string
		id         byte
		want       string
	}{
		{"nothing is a module", "", 0, ""},
		{"a type use finds the first type", "(type (func)) (type (func)) (func)", secFunc, "01 00"},
		{"a type use adds a type at the end", "(func (param i32)) (type (func))", secType, "02 600000 60017f00"},
		{"a type use skips types with subtypes", "(type (sub (func))) (func)", secFunc, "01 01"},
		{"a type use skips groups of many", "(rec (type (func)) (type (func))) (func)", secFunc, "01 02"},
		{"types are added in the order of the text",
			"(func (block (param i32) drop)) (func (param i64))", secType, "03 600000 60017f00 60017e00"},
		{"a group", "(rec (type $a (struct (field (ref null $b)))) (type $b (array (mut i8))))", secType,
			"01 4e02 5f01 6301 00 5e78 01"},
		{"final is the default", "(type $a (sub (struct))) (type (sub final $a (struct))) (type (sub final (struct)))", secType,
			"03 5000 5f00 4f0100 5f00 5f00"},
		{"short forms of references", "(type (func (param (ref null func) funcref (ref func) (ref 0))))", secType,
			"01 6004 70 70 6470 6400 00"},
		{"a described type", "(rec (type $a (descriptor $b) (struct)) (type $b (describes $a) (struct)))", secType,
			"01 4e02 4d01 5f00 4c00 5f00"},
		{"an inline import", `(memory (export "e") (import "m" "n") 1)`, secImport, "01 016d 016e 02 0001"},
		{"an inline export", `(memory (export "e") (export "f") 1)`, secExport, "02 0165 0200 0166 0200"},
		{"an exact import", `(import "" "" (func (exact (param i32))))`, secImport, "01 00 00 20 00"},
		{"limits", "(memory i64 1 2)", secMemory, "01 050102"},
		{"shared limits", "(memory 1 2 shared)", secMemory, "01 030102"},
		{"a page of one byte", "(memory 1 (pagesize 1))", secMemory, "01 080100"},
		{"data in a memory", `(memory i64 (data "ab"))`, secMemory, "01 050101"},
		{"data in a memory of small pages", `(memory (pagesize 1) (data "ab"))`, secMemory, "01 09020200"},
		{"data in a memory are active", `(memory i64 (data "ab" "c"))`, secData, "01 00 42000b 03 616263"},
		{"data in another memory", `(memory 1) (memory $m 1) (data (memory $m) (offset i32.const 1) "a")`, secData,
			"01 02 01 41010b 01 61"},
		{"elements in a table", "(func) (table funcref (elem 0 0))", secElem, "01 00 41000b 02 0000"},
		{"elements in a typed table", "(type $t (func)) (func) (table (ref null $t) (elem 0))", secElem,
			"01 06 00 41000b 6300 01 d2000b"},
		{"a table with an initial element", "(table 1 funcref (ref.null func))", secTable, "01 4000 70 0001 d0700b"},
		{"passive functions", "(func) (elem func 0)", secElem, "01 01 00 01 00"},
		{"passive expressions", "(elem anyref (item ref.null none) (ref.null any))", secElem, "01 05 6e 02 d0710b d06e0b"},
		{"declared", "(func) (elem declare func 0)", secElem, "01 03 00 01 00"},
		{"active expressions", "(table 1 funcref) (elem (i32.const 0) funcref (ref.null func))", secElem, "01 04 41000b 01 d0700b"},
		{"a global", "(global (mut i32) (i32.const -1))", secGlobal, "01 7f01 417f0b"},
		{"a tag", "(tag (param i32))", secTag, "01 0000"},
		{"start", "(func) (func $f) (start $f)", secStart, "01"},
		{"locals in runs", "(func (local i32 i32) (local $x i32) (local i64))", secCode, "01 06 02 037f 017e 0b"},
		{"folded operands come first", "(func (drop (i32.add (i32.const 1) (i32.const 2))))", secCode,
			"01 08 00 4101 4102 6a 1a 0b"},
		{"folded if", "(func (if (result i32) (i32.const 1) (then (i32.const 2)) (else (i32.const 3))) drop)", secCode,
			"01 0d 00 4101 047f 4102 05 4103 0b 1a 0b"},
		{"labels", "(func (block $a (block $b (br $a) (br $b) (br 2))))", secCode, "01 0e 00 0240 0240 0c01 0c00 0c02 0b 0b 0b"},
		{"an inner label hides an outer", "(func block $a block $a br $a end br $a end)", secCode,
			"01 0c 00 0240 0240 0c00 0b 0c00 0b 0b"},
		{"labels of try_table are those outside", "(tag) (func (block $a (try_table $t (catch 0 $a) (catch_all_ref 0))))", secCode,
			"01 0e 00 0240 1f40 02 000000 0300 0b 0b 0b"},
		{"br_table", "(func (param i32) (br_table 0 1 2 (local.get 0)))", secCode, "01 09 00 2000 0e02 0001 02 0b"},
		{"delegate names a label outside", "(func (try $l (do) (delegate 0)))", secCode, "01 06 00 0640 1800 0b"},
		{"select with a type", "(func select (result i32) unreachable)", secCode, "01 06 00 1c017f 00 0b"},
		{"call_indirect has its indices the other way round", "(table 0 funcref) (table $t 0 funcref) (func call_indirect $t)", secCode,
			"01 05 00 110001 0b"},
		{"a memory access", "(memory 1) (func i32.load offset=128 align=1)", secCode, "01 06 00 28008001 0b"},
		{"a memory access by index", "(memory 1) (memory $m 1) (func i32.load $m offset=1)", secCode, "01 06 00 28420101 0b"},
		{"a lane, and no memory", "(func v128.load8_lane 1)", secCode, "01 07 00 fd540000 01 0b"},
		{"a memory and a lane", "(func v128.load8_lane 1 2)", secCode, "01 08 00 fd54400100 02 0b"},
		{"memory.init has its indices the other way round", "(func memory.init 1 2)", secCode, "01 06 00 fc080201 0b"},
		{"memory.init needs a data count", `(memory 1) (data "") (func memory.init 0)`, secDataCount, "01"},
		{"a cast to null", "(func ref.test (ref null any) ref.cast (ref i31))", secCode, "01 08 00 fb156e fb166c 0b"},
		{"br_on_cast", "(func br_on_cast 0 anyref (ref i31))", secCode, "01 08 00 fb18 01 00 6e 6c 0b"},
		{"a field by its name", "(type $s (struct (field i32) (field $x i64))) (func struct.get $s $x)", secCode, "01 06 00 fb020001 0b"},
		{"the fence", "(func atomic.fence)", secCode, "01 05 00 fe0300 0b"},
		{"a vector", "(func v128.const i16x8 1 2 3 4 5 6 7 -1 drop)", secCode,
			"01 15 00 fd0c 0100 0200 0300 0400 0500 0600 0700 ffff 1a 0b"},
		{"a string", `(import "\t\n\r\"\'\\\u{48}\41" "é" (func))`, secImport, "01 08 090a0d22275c4841 02 c3a9 0000"},
		{"an identifier in quotes", `(func $"a b") (start $"a b")`, secStart, "00"},
		{"identifiers with and without quotes are the same", `(func $"a") (start $a)`, secStart, "00"},
		{"a custom section", `(@custom "x" (before first) "a" "b")`, 0, "01 78 61 62"},
		{"a branch hint", `(func (param i32) (local.get 0) (@metadata.code.branch_hint "\01") (if (then)))`, 0,
			"19" + hex.EncodeToString([]byte("metadata.code.branch_hint")) + "01 00 01 03 01 01"},
		{"names", `(module $m (func $f (param $p i32) (block $l)))`, 0,
			"04 6e616d65 00 02 016d 01 04 01 00 0166 02 06 01 00 01 00 0170 03 06 01 00 01 00 016c"},
		{"annotated names", `(func $f (@name "λ"))`, 0, "04 6e616d65 01 05 01 00 02cebb"},
		{"names of fields", `(type (struct (field $x i32)))`, 0, "04 6e616d65 0a 06 01 00 01 00 0178"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			b, err := Parse("test.wat", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			want, err := hex.DecodeString(strings.ReplaceAll(c.want, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			if got := sectionOf(t, b, c.id); !bytes.Equal(got, want) {
				t.Errorf("section %d is % x, not % x", c.id, got, want)
			}
		})
	}
}

// TestNumbers compares how numbers are read with their bits.
func TestNumbers(t *testing.T) {
	for _, c := range []struct{ instr, want string }{
		{"i32.const 4294967295", "417f"},
		{"i32.const -0x8000_0000", "4180808080 78"},
		{"i64.const 0xffff_ffff_ffff_ffff", "427f"},
		{"f32.const 1", "43 0000803f"},
		{"f32.const -0x1.8p1", "43 000040c0"},
		{"f32.const 0x1p-149", "43 01000000"},
		{"f32.const 0x1p-150", "43 00000000"}, // half of the least, to even
		{"f32.const 0x1.000001p0", "43 0000803f"},
		{"f32.const 0x1.00000100000000001p0", "43 0100803f"},
		{"f32.const 16777217", "43 0000804b"},
		{"f32.const inf", "43 0000807f"},
		{"f32.const nan", "43 0000c07f"},
		{"f32.const -nan:0x1", "43 010080ff"},
		{"f64.const 1_0.5e+1", "44 0000000000405a40"},
		{"f64.const 0x.8", ""},
		{"f64.const 1.7976931348623157e308", "44 ffffffffffffef7f"},
		{"f64.const 0x1.fffffffffffffp-1023", "44 0000000000001000"},
		{"f64.const nan:0xf_ffff_ffff_ffff", "44 ffffffffffffff7f"},
		{"f32.const 340282356779733661637539395458142568448", ""},
		{"f32.const 340282356779733661637539395458142568447", "43 ffff7f7f"},
		{"f32.const nan:0x0", ""},
		{"f32.const nan:0x80_0000", ""},
		{"i32.const 4294967296", ""},
		{"i32.const -2147483649", ""},
		{"i32.const 1_", ""},
		{"i32.const 1__0", ""},
		{"i32.const 0x", ""},
		{"i32.const 1.0", ""},
		{"i64.const 0x1_0000_0000_0000_0000", ""},
	} {
		t.Run(c.instr, func(t *testing.T) {
			b, err := Parse("test.wat", []byte("(func "+c.instr+")"))
			if (err != nil) != (c.want == "") {
				t.Fatalf("the error is %v", err)
			}
			want, _ := hex.DecodeString(strings.ReplaceAll(c.want, " ", ""))
			if err == nil && !bytes.Equal(sectionOf(t, b, secCode)[3:], append(want, 0x0B)) {
				t.Errorf("% x, not % x", sectionOf(t, b, secCode)[3:], want)
			}
		})
	}
}

// TestInstructionsAreEncodedAsOthersDo compares with bytes that do not come from the opcode table, which the decoder
// uses as well: a wrong number in it would go unseen otherwise. Each row of the table has to be there.
func TestInstructionsAreEncodedAsOthersDo(t *testing.T) {
	golden, err := os.ReadFile("testdata/instructions.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for line := range strings.Lines(string(golden)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		digits, text, _ := strings.Cut(strings.TrimSpace(line), "\t")
		want, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range strings.Fields(text) {
			seen[word]++
		}
		b, err := Parse("test.wat", []byte("(type (func)) (func "+text+")"))
		if err != nil {
			t.Error(err)
			continue
		}
		if got := sectionOf(t, b, secCode)[3:]; !bytes.Equal(got, append(want, 0x0B)) {
			t.Errorf("%s is % x, not % x", text, got[:len(got)-1], want)
		}
	}
	rows := map[string]int{}
	for op := range wasm.Ops() {
		if rows[op.Name]++; rows[op.Name] > seen[op.Name] {
			t.Errorf("%s (%#x) is not in the list", op.Name, op.Op)
		}
	}
}
