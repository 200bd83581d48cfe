package wasm

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// constName is the name of an instruction's constant: the words of its text name, each with a capital.
func constName(name string) string {
	var b strings.Builder
	b.WriteString("Op")
	for _, word := range strings.FieldsFunc(name, func(c rune) bool { return c == '.' || c == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// sharedNames are the constants of the second of two instructions that share their text name.
var sharedNames = map[Op]string{OpSelectT: "OpSelectT", OpRefTestNull: "OpRefTestNull", OpRefCastNull: "OpRefCastNull", OpRefCastDescEqNull: "OpRefCastDescEqNull"}

// TestConstantsAreNamedAfterInstructions reads the constants' declarations: the table has a row for each and no other,
// and each is called what its instruction is called.
func TestConstantsAreNamedAfterInstructions(t *testing.T) {
	var declared, want []string
	for _, name := range []string{"opcodes.go", "opcodes_simd.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, s := range g.Specs {
					declared = append(declared, s.(*ast.ValueSpec).Names[0].Name)
				}
			}
		}
	}
	for info := range Ops() {
		name, shared := sharedNames[info.Op]
		if !shared {
			name = constName(info.Name)
		}
		want = append(want, name)
	}
	slices.Sort(declared)
	slices.Sort(want)
	if diff := cmp.Diff(want, declared); diff != "" {
		t.Errorf("rows of the table (-) and constants (+):\n%s", diff)
	}
}

func TestTableRowsAreComplete(t *testing.T) {
	seen := make(map[Op]bool)
	for info := range Ops() {
		if seen[info.Op] {
			t.Errorf("%s: opcode %#x has two rows", info.Name, info.Op)
		}
		seen[info.Op] = true
		if info.Op.Info() != info || info.Op.String() != info.Name {
			t.Errorf("%s: the opcode does not lead to its row", info.Name)
		}
		if op, ok := OpByName(info.Name); !ok || op != info.Op && sharedNames[info.Op] == "" {
			t.Errorf("%s: the name leads to %#x", info.Name, op)
		}
		if len(info.Params) > maxOperands || len(info.Results) > len(info.out) {
			t.Errorf("%s: more operands or results than the validator takes from a row", info.Name)
		}
		access := info.Imm == ImmMemarg || info.Imm == ImmMemargAtomic || info.Imm == ImmMemargLane
		if access != (info.Fixed && len(info.Params) > 0 && info.Params[0] == Addr && info.Op>>16 != 0xFC && info.Op != OpMemoryGrow) {
			t.Errorf("%s: an access of memory and only that has an alignment and an address", info.Name)
		}
		if lane := info.Imm == ImmLane || info.Imm == ImmMemargLane; lane != (info.lanes >= 2 && info.lanes <= 16) {
			t.Errorf("%s: %d lanes", info.Name, info.lanes)
		}
	}
	for _, op := range []Op{0x16, 0xFF, 0xFC0012, 0xFCFFFF, 0xFB001F, 1 << 31} {
		if op.Info() != nil {
			t.Errorf("%#x has a row", op)
		}
	}
}

func TestTableTypes(t *testing.T) {
	for _, c := range []struct {
		op   Op
		want string
	}{
		{OpI32Add, "[i32 i32] -> [i32]"},
		{OpI64Eqz, "[i64] -> [i32]"},
		{OpF64Max, "[f64 f64] -> [f64]"},
		{OpI64ExtendI32S, "[i32] -> [i64]"},
		{OpF32DemoteF64, "[f64] -> [f32]"},
		{OpI32TruncSatF64U, "[f64] -> [i32]"},
		{OpI64Store32, "[address i64] -> []"},
		{OpF64Load, "[address] -> [f64]"},
		{OpMemoryGrow, "[address] -> [address]"},
		{OpMemoryFill, "[address i32 address] -> []"},
		{OpNop, "[] -> []"},
	} {
		info := c.op.Info()
		if got := (&FuncType{info.Params, info.Results}).String(); got != c.want {
			t.Errorf("%v: %s, want %s", c.op, got, c.want)
		}
	}
}

func TestFeatureNames(t *testing.T) {
	for i, name := range featureNames {
		f, ok := FeatureByName(name)
		if !ok || f != 1<<i || f.String() != name {
			t.Errorf("feature %d: %v %v", i, f, ok)
		}
	}
	if featureEnd != 1<<len(featureNames) {
		t.Errorf("%d names for features up to %#x", len(featureNames), featureEnd)
	}
	if got := (FeatureTailCall | FeatureMultiValue).String(); got != "multi-value,tail-call" {
		t.Error(got)
	}
	if _, ok := FeatureByName("time-travel"); ok {
		t.Error("a feature that is none has a name")
	}
}
