package wat

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/godwit-vm/godwit/wasm"
)

// TestCommands parses one command each.
func TestCommands(t *testing.T) {
	invoke := func(args ...Value) *Action { return &Action{Pos{1, 1}, true, "", "f", args} }
	for _, c := range []struct {
		text string
		want Command
	}{
		{`(module $m)`, Command{Kind: CmdModule, Name: "m", Module: &ScriptModule{Name: "m"}}},
		{`(module binary "\00a" "sm")`, Command{Kind: CmdModule, Module: &ScriptModule{Form: FormBinary}}},
		{`(module definition $m quote "(func)")`,
			Command{Kind: CmdDefinition, Name: "m", Module: &ScriptModule{Name: "m", Form: FormQuote, Definition: true}}},
		{`(module instance $i $m)`, Command{Kind: CmdInstance, Name: "i", Definition: "m"}},
		{`(module instance $m)`, Command{Kind: CmdInstance, Definition: "m"}},
		{`(register "a" $m)`, Command{Kind: CmdRegister, As: "a", Name: "m"}},
		{`(get $m "g")`, Command{Kind: CmdAction, Action: &Action{Module: "m", Export: "g"}}},
		{`(invoke "f" (i32.const -1) (f64.const 1) (ref.null func) (ref.extern 3) (ref.host 4))`,
			Command{Kind: CmdAction, Action: invoke(
				Value{wasm.I32, 0xFFFFFFFF, 0}, Value{wasm.F64, 0x3FF0000000000000, 0}, Value{wasm.FuncRef, 0, 0},
				Value{wasm.ExternRef.NonNull(), 3, 0}, Value{wasm.AnyRef.NonNull(), 4, 0})}},
		{`(invoke "f" (v128.const i16x8 1 2 3 4 5 6 7 8))`,
			Command{Kind: CmdAction, Action: invoke(Value{wasm.V128, 0x0004000300020001, 0x0008000700060005})}},
		{`(assert_trap (invoke "f") "why")`, Command{Kind: CmdAssertTrap, Action: invoke(), Message: "why"}},
		{`(assert_trap (module) "why")`, Command{Kind: CmdAssertTrap, Module: &ScriptModule{}, Message: "why"}},
		{`(assert_malformed (module quote "(") "why")`,
			Command{Kind: CmdAssertMalformed, Module: &ScriptModule{Form: FormQuote}, Message: "why"}},
		{`(assert_invalid (module (nonsense)) "why")`, Command{Kind: CmdAssertInvalid, Module: &ScriptModule{}, Message: "why"}},
		{`(assert_exception (invoke "f"))`, Command{Kind: CmdAssertException, Action: invoke()}},
		{`(assert_exhaustion (invoke "f") "why")`, Command{Kind: CmdAssertExhaustion, Action: invoke(), Message: "why"}},
		{`(assert_return (invoke "f") (f32.const nan:canonical) (ref.null) (ref.null any) (ref.i31) (ref.extern) (ref.host 1))`,
			Command{Kind: CmdAssertReturn, Action: invoke(), Results: []Result{
				{Kind: ResultNum, Value: Value{Type: wasm.F32}, NaN: CanonicalNaN},
				{Kind: ResultNull},
				{Kind: ResultNull, Value: Value{Type: wasm.AnyRef}},
				{Kind: ResultRef, Value: Value{Type: wasm.I31Ref.NonNull()}},
				{Kind: ResultRef, Value: Value{Type: wasm.ExternRef.NonNull()}},
				{Kind: ResultHostRef, Value: Value{Type: wasm.AnyRef.NonNull(), Bits: 1}},
			}}},
		{`(assert_return (invoke "f") (v128.const f32x4 nan:arithmetic 0 nan:canonical 1))`,
			Command{Kind: CmdAssertReturn, Action: invoke(), Results: []Result{{
				Kind: ResultVec, Value: Value{wasm.V128, 0, 0x3F80000000000000}, Shape: F32x4,
				Lanes: []Lane{{NaN: ArithmeticNaN}, {}, {NaN: CanonicalNaN}, {Bits: 0x3F800000}},
			}}}},
		{`(assert_return (invoke "f") (either (i32.const 1) (i32.const 2)))`,
			Command{Kind: CmdAssertReturn, Action: invoke(), Results: []Result{{Kind: ResultEither, Either: []Result{
				{Value: Value{Type: wasm.I32, Bits: 1}}, {Value: Value{Type: wasm.I32, Bits: 2}},
			}}}}},
		{`(func)`, Command{Kind: CmdModule, Module: &ScriptModule{}}},
	} {
		t.Run(c.text, func(t *testing.T) {
			s, err := ParseScript("t.wast", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Command{c.want}, s.Commands, cmpopts.EquateEmpty(), cmpopts.IgnoreTypes(Pos{}),
				cmpopts.IgnoreUnexported(ScriptModule{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestScriptsSayWhereTheyAre(t *testing.T) {
	s, err := ParseScript("t.wast", []byte("(module)\n  (module) (;é;) (invoke \"f\")\n\n(assert_trap\n  (get \"g\") \"\")"))
	if err != nil {
		t.Fatal(err)
	}
	var got []Pos
	for _, c := range s.Commands {
		got = append(got, c.Pos)
	}
	if diff := cmp.Diff([]Pos{{1, 1}, {2, 3}, {2, 18}, {4, 1}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := s.Commands[3].Action.Pos; got != (Pos{5, 3}) {
		t.Errorf("the action is at %v", got)
	}
}

// TestModulesOfScriptsAreParsedAlone has a module each whose error is not the script's.
func TestModulesOfScriptsAreParsedAlone(t *testing.T) {
	s, err := ParseScript("t.wast", []byte(`
		(module $m (func $f) (export "f" (func $f)))
		(assert_malformed (module (func $f) (func $f)) "duplicate func")
		(module quote "(func $f)" "(start $g)")
		(module binary "\00asm")`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "t.wast:3:45: duplicate func $f", "t.wast:4 (quoted):1:17: unknown func $g", ""} {
		_, err := s.Commands[i].Module.Binary()
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("command %d: the error is %v, not %q", i, err, want)
		}
	}
	whole, err := Parse("t.wat", []byte(`(module $m (func $f) (export "f" (func $f)))`))
	if b, _ := s.Commands[0].Module.Binary(); err != nil || !bytes.Equal(b, whole) {
		t.Errorf("the module of a script is % x, alone it is % x (%v)", b, whole, err)
	}
	if b, _ := s.Commands[3].Module.Binary(); string(b) != "\x00asm" {
		t.Errorf("the binary is % x", b)
	}
}

func TestScriptsRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"(assert_nothing)", "1:2: unknown operator assert_nothing"},
		{"(i32.const 1)", "1:2: unexpected token i32.const"},
		{"module", "1:1: unexpected token module"},
		{"(module", "1:8: unexpected token"},
		{"(module) )", "1:10: unexpected token )"},
		{`(assert_return (invoke "f") (i32.add))`, "1:29: unexpected token ("},
		{`(assert_return (module))`, "1:16: unexpected token ("},
		{`(assert_trap (invoke "f"))`, "1:26: unexpected token )"},
		{`(invoke "f" (i32.const nan:canonical))`, "1:24: unexpected token nan:canonical"},
		{`(module binary 1)`, "1:16: unexpected token 1"},
		{`(assert_return (invoke "f") (v128.const i32x4 1 2))`, "1:50: unexpected token )"},
		{`(assert_return (invoke "f") ` + strings.Repeat("(either ", 2000), "1:8037: nested too deep"},
	} {
		_, err := ParseScript("t", []byte(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), "t:"+c.want) {
			t.Errorf("%.60s: the error is %v, not %s", c.text, err, c.want)
		}
	}
}
