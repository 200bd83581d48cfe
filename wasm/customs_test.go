package wasm

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hinted is a module with an imported function and function 1, whose if stands at offset 4 of its body and br_if at 9.
// Its locals take three bytes. The custom section has that name and contents.
func hinted(name string, contents ...any) []byte {
	return module(
		section(secType, vector(funcType(nil, nil))),
		section(secImport, vector(join(str("a"), str("f"), 0, 0))),
		section(secFunc, vector(leb(0))),
		section(secCustom, str(name), join(contents...)),
		section(secCode, vector(sized(vector(join(1, I32)), OpI32Const, 0, OpI32Const, 0, OpIf, 0x40, OpNop, OpEnd, OpNop, OpBrIf, 0, OpEnd))))
}

func TestCustomSectionsAreChecked(t *testing.T) {
	hints := func(h ...any) []byte { return hinted(sectionBranchHints, vector(join(1, vector(join(h...))))) }
	name := func(parts ...any) []byte { return hinted("name", parts...) }
	for _, c := range []struct {
		name  string
		b     []byte
		class error
		want  string // "" if nothing is wrong
	}{
		{"hints", hinted(sectionBranchHints, vector(join(1, vector(join(7, 1, 1), join(12, 1, 0))))), nil, ""},
		{"another section", hinted("other", "anything"), nil, ""},
		{"a hint for another instruction", hints(5, 1, 1), ErrInvalid, "@metadata.code.branch_hint annotation: invalid target"},
		{"a hint within an instruction", hints(8, 1, 1), ErrInvalid, "@metadata.code.branch_hint annotation: invalid target"},
		{"a hint behind the end", hints(100, 1, 1), ErrInvalid, "@metadata.code.branch_hint annotation: invalid target"},
		{"a hint for the locals", hints(2, 1, 1), ErrInvalid, "@metadata.code.branch_hint annotation: invalid target"},
		{"a hint of two bytes", hints(7, 2, 1, 1), ErrMalformed, "malformed branch hint"},
		{"a hint of another value", hints(7, 1, 2), ErrMalformed, "malformed branch hint"},
		{"hints out of order", hinted(sectionBranchHints, vector(join(1, vector(join(12, 1, 1), join(7, 1, 0))))), ErrMalformed, "branch hint at 7 stands behind that at 12"},
		{"functions out of order", hinted(sectionBranchHints, vector(join(1, vector()), join(1, vector()))), ErrMalformed, "branch hints of function 1 stand behind those of 1"},
		{"hints of an import", hinted(sectionBranchHints, vector(join(0, vector(join(7, 1, 1))))), ErrInvalid, "branch hints: unknown function 0"},
		{"bytes behind the hints", hinted(sectionBranchHints, 0, 0), ErrMalformed, "section size mismatch"},
		{"names", name(0, sized(str("m")), 1, sized(vector(join(0, str("f")), join(1, str("g")))), 2, sized(vector(join(1, vector(join(0, str("x")))))), 4, sized(vector(join(0, str("t"))))), nil, ""},
		{"names out of order", name(1, sized(vector(join(1, str("f")), join(0, str("g"))))), ErrMalformed, "name of index 0 stands behind that of 1"},
		{"subsections out of order", name(1, sized(vector()), 0, sized(str("m"))), ErrMalformed, "name subsection 0 stands behind 1"},
		{"a subsection twice", name(0, sized(str("m")), 0, sized(str("m"))), ErrMalformed, "name subsection 0 stands behind 0"},
		{"a subsection of no kind", name(12, sized(vector())), ErrMalformed, "malformed name subsection id"},
		{"a name that is no UTF-8", name(0, sized(str("\xFF"))), ErrMalformed, "malformed UTF-8 encoding"},
		{"a subsection beyond the section", name(0, 9, str("m")), ErrMalformed, "length out of bounds"},
		{"bytes behind the names", name(0, sized(str("m"), 0)), ErrMalformed, "section size mismatch"},
		{"two sections", module(section(secCustom, str("name")), section(secCustom, str("name"))), ErrMalformed, "@name: multiple sections"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := mustDecode(t, c.b).CheckCustoms()
			if c.want != "" {
				checkError(t, err, c.class, c.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBranchHints(t *testing.T) {
	m := mustDecode(t, hinted(sectionBranchHints, vector(join(1, vector(join(7, 1, 1), join(12, 1, 0))))))
	want := []BranchHint{{Func: 1, Offset: 4, Likely: true}, {Func: 1, Offset: 9}}
	if diff := cmp.Diff(want, m.BranchHints()); diff != "" {
		t.Error(diff)
	}
	for _, h := range m.BranchHints() {
		if op := Op(m.Code[0].Body[h.Offset]); op != OpIf && op != OpBrIf {
			t.Errorf("a hint for %v", op)
		}
	}
	if broken := mustDecode(t, hinted(sectionBranchHints, 5, 1)); len(broken.BranchHints()) != 0 {
		t.Error("hints of a broken section")
	}
}
