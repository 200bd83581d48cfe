package difftest

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/internal/modgen"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// TestTimeThatIsUpIsALimit runs a call that does not end, on every tier and travelling.
func TestTimeThatIsUpIsALimit(t *testing.T) {
	b, err := wat.Parse("", []byte(`(module (func (export "f") (loop (br 0))) (func (export "g")))`))
	if err != nil {
		t.Fatal(err)
	}
	c := &Case{Binary: b, Features: wasm.DefaultFeatures, Calls: []modgen.Call{{Export: "g"}, {Export: "f"}, {Export: "g"}}}
	hows := []How{Interpreted(0), Interpreted(5)}
	if compiler() {
		hows = append(hows, Compiled(0), Mixed(5), Regions(0))
	}
	for _, how := range hows {
		j := &journey{c: c, tiers: how.Tiers, travel: how.Travel, deadline: 200 * time.Millisecond, budget: 3}
		j.run()
		if j.program != nil {
			j.program.Close()
		}
		// On a machine that is very slow time may be up before the call.
		if n := len(j.lines); n == 0 || n > 2 || !strings.HasSuffix(j.lines[n-1], " "+late) || slices.ContainsFunc(j.lines, suspicious) {
			t.Errorf("%v: %q", how, j.lines)
		}
	}
}

func TestNothingIsComparedBehindALimit(t *testing.T) {
	for _, test := range []struct {
		name string
		a, b Transcript
		want bool
	}{
		{"the same", Transcript{"f() = i32:0x1"}, Transcript{"f() = i32:0x1"}, false},
		{"time is up", Transcript{"f() = i32:0x1", "g() = " + late}, Transcript{"f() = i32:0x1", "g() = ", "m: 0 bytes, 0"}, false},
		{"time is up for both, at different calls", Transcript{"f() = " + late}, Transcript{"f() = i32:0x1", "g() = " + late}, false},
		{"instantiation takes too long", Transcript{"f() = "}, Transcript{"instantiation: " + late}, false},
		{"the stack is full", Transcript{"f() = " + limited}, Transcript{"f() = i32:0x1"}, false},
		{"another result before that", Transcript{"f() = i32:0x1", "g() = " + late}, Transcript{"f() = i32:0x2", "g() = "}, true},
		{"a line less before that", Transcript{"f() = i32:0x1", "g() = " + late}, Transcript{"f() = i32:0x1"}, true},
	} {
		if differ(test.a, test.b) != test.want || differ(test.b, test.a) != test.want {
			t.Errorf("%s: it is not %v that they differ", test.name, test.want)
		}
	}
}

func TestKindsOfLines(t *testing.T) {
	for _, test := range []struct {
		line, kind string
		wrong      bool
	}{
		{"f2(0x5, 0x6) = i32:0x1 i64:0x2", "results", false},
		{"f2() = ", "results", false},
		{"f2() = trap: integer divide by zero", "trap: integer divide by zero", false},
		{"f2() = exception", "exception", false},
		{"f2() = out of fuel", "out of fuel", false},
		{"37 units of fuel are left, <nil>", "fuel", false},
		{"m0: 65536 bytes, 00000000deadbeef", "memory", false},
		{"instantiation: trap: unreachable", "instantiation: trap: unreachable", false},
		{"panic: function 3, loop -1: bug: not built: offset 0xa7: oh no", "panic: function N, loop N: bug: not built: offset N: oh no", true},
		{"f7(0x1) = error: restoring: frame 3 is wrong", "restoring: frame N is wrong", true},
		{"", "", false},
	} {
		if kind, wrong := kindOfLine(test.line); kind != test.kind || wrong != test.wrong {
			t.Errorf("%q: %q, %v", test.line, kind, wrong)
		}
	}
}

// TestShrinkingKeepsToTheDifference has ways that go wrong in one manner where a module has a certain instruction, and in another where
// it has not, which is where shrinking would lead.
func TestShrinkingKeepsToTheDifference(t *testing.T) {
	m, c := withNearest(t)
	memory := "m: 65536 bytes, 0"
	right := Way{"right", func(*Case) Transcript { return Transcript{"f() = i32:0x1", memory} }}
	where := func(with, without Transcript) Way {
		return Way{"wrong", func(c *Case) Transcript {
			if has(c, wasm.OpF64Nearest) {
				return with
			}
			return without
		}}
	}
	for _, test := range []struct {
		name string
		ways [2]Way
	}{
		{"another trap", [2]Way{right, where(Transcript{"f() = trap: unreachable", memory}, Transcript{"f() = trap: integer overflow", memory})}},
		{"results, then memory", [2]Way{right, where(Transcript{"f() = i32:0x2", memory}, Transcript{"f() = i32:0x1", "m: 65536 bytes, 1"})}},
		{"results, then a line less", [2]Way{right, where(Transcript{"f() = i32:0x2", memory}, Transcript{"f() = i32:0x1"})}},
		{"results, then a panic", [2]Way{right, where(Transcript{"f() = i32:0x2", memory}, Transcript{"panic: oh no"})}},
		{"another panic", [2]Way{right, where(Transcript{"panic: index 5 of 3"}, Transcript{"panic: nil"})}},
		{"a panic of the other way", [2]Way{where(Transcript{"f() = i32:0x2", memory}, Transcript{"panic: oh no"}), right}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := m()
			d := Compare(c, test.ways[:]...)
			if d == nil {
				t.Fatal("there is no difference")
			}
			before := kindOf(d)
			d = Shrink(m, d)
			small, err := CaseOf(m)
			if err != nil {
				t.Fatal(err)
			}
			if !has(small, wasm.OpF64Nearest) || len(small.Binary) >= len(c.Binary) || kindOf(d) != before {
				t.Errorf("%d bytes became %d, and the difference is\n%v", len(c.Binary), len(small.Binary), d)
			}
		})
	}
}

// TestWhatDoesNotDifferAgainStaysWhole has a way that is wrong once.
func TestWhatDoesNotDifferAgainStaysWhole(t *testing.T) {
	again, c := withNearest(t)
	m, runs := again(), 0
	d := Compare(c, Interpreter(0), Way{"wrong once", func(c *Case) Transcript {
		runs++
		t, _ := Run(c, Interpreted(0))
		if runs == 1 {
			t = append(t, "wrong")
		}
		return t
	}})
	if d == nil {
		t.Fatal("there is no difference")
	}
	if d = Shrink(m, d); !strings.Contains(d.String(), "wrong") {
		t.Error(d)
	}
	after, err := CaseOf(m)
	if err != nil {
		t.Fatal(err)
	}
	if runs != 2 || !bytes.Equal(after.Binary, c.Binary) {
		t.Errorf("after %d runs %d bytes are left of %d", runs, len(after.Binary), len(c.Binary))
	}
}

// withNearest makes a module with f64.nearest, as often as it is wanted, since shrinking changes it.
func withNearest(t *testing.T) (func() *modgen.Module, *Case) {
	t.Helper()
	for seed := range uint64(20) {
		m := func() *modgen.Module { return modgen.Generate(seed, modgen.Config{}) }
		c, err := CaseOf(m())
		if err != nil {
			t.Fatal(err)
		}
		if has(c, wasm.OpF64Nearest) {
			return m, c
		}
	}
	t.Fatal("no module has the instruction")
	return nil, nil
}
