package difftest

import (
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/internal/modgen"
	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm"
)

// TestModulesTravel runs some modules of every kind, at home and travelling.
func TestModulesTravel(t *testing.T) {
	n := uint64(40)
	if testing.Short() {
		n = 12
	}
	var f Fuzzer
	travels := 0
	for seed := range n {
		m, _ := f.Generate(seed)
		c, err := CaseOf(m)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := Run(c, Interpreted(0))
		for _, line := range want {
			if suspicious(line) {
				t.Errorf("seed %d: %s", seed, line)
			}
		}
		for _, every := range []uint64{1, 7} {
			got, n := Run(c, Interpreted(every))
			travels += n
			if differ(want, got) {
				t.Errorf("seed %d, travelling every %d (-home +travelling):\n%s", seed, every, cmp.Diff(want, got))
			}
		}
	}
	if travels < int(n)*10 {
		t.Errorf("there were %d travels only", travels)
	}
}

// TestTiersAgree runs some modules of every kind in the interpreter and in machine code, which travels as well.
func TestTiersAgree(t *testing.T) {
	if !compiler() {
		t.Skip("NOT TESTED: there is no compiler for this host")
	}
	n := uint64(30)
	if testing.Short() {
		n = 10
	}
	var f Fuzzer
	for seed := range n {
		m, _ := f.Generate(seed)
		c, err := CaseOf(m)
		if err != nil {
			t.Fatal(err)
		}
		if d := Compare(c, Interpreter(0), Compiled(0).Way(), Compiled(1).Way(), Compiled(5).Way(), Mixed(2).Way(), Regions(0).Way(), Regions(2).Way()); d != nil {
			t.Errorf("seed %d:\n%v", seed, d)
		}
	}
}

// TestFuelIsTheSameOnEveryTier stops modules in the middle of calls: what is left, where they stop and what they have done until
// then is what it is in the interpreter.
func TestFuelIsTheSameOnEveryTier(t *testing.T) {
	if !compiler() {
		t.Skip("NOT TESTED: there is no compiler for this host")
	}
	n := uint64(8)
	if testing.Short() {
		n = 3
	}
	var f Fuzzer
	stopped := 0
	for seed := range n {
		m, _ := f.Generate(seed)
		c, err := CaseOf(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, fuel := range []uint64{1, 3, 37, 200, 1<<64 - 1} {
			for _, travel := range []uint64{0, 5} {
				want, _ := Run(c, Interpreted(travel).Fuelled(fuel))
				for _, line := range want {
					if strings.HasSuffix(line, "out of fuel") {
						stopped++
					}
				}
				for _, how := range []How{Compiled(travel), Mixed(travel), {Tiers: [2]vm.Tier{}, Travel: travel}} {
					if got, _ := Run(c, how.Fuelled(fuel)); differ(want, got) {
						t.Errorf("seed %d, %v (-interpreter):\n%s", seed, how.Fuelled(fuel), cmp.Diff(want, got))
					}
				}
			}
		}
	}
	if stopped < int(n) {
		t.Errorf("%d calls were stopped only", stopped)
	}
}

// compiler tells whether there is one for this host.
func compiler() bool {
	return vm.NewRuntime(vm.NewConfig().WithTier(vm.TierJIT)).Compiles()
}

var update = flag.Bool("update", false, "write testdata/transcripts.txt")

// TestTranscriptsAreTheSameOnEveryHost compares with what was said on the host where the file was written, relaxed vector
// instructions included. A change of what is generated changes all of them: then run with -update.
func TestTranscriptsAreTheSameOnEveryHost(t *testing.T) {
	const file = "testdata/transcripts.txt"
	var got []string
	var f Fuzzer
	for seed := range uint64(100) {
		m, _ := f.Generate(seed)
		c, err := CaseOf(m)
		if err != nil {
			t.Fatal(err)
		}
		transcript, _ := Run(c, Interpreted(0))
		module, said := fnv.New64a(), fnv.New64a()
		module.Write(c.Binary)
		said.Write([]byte(strings.Join(transcript, "\n")))
		got = append(got, fmt.Sprintf("seed %d: module %016x, transcript %016x", seed, module.Sum64(), said.Sum64()))
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(got, "\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(text)), "\n"), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestWhatWasFound runs the modules in which there was a difference once.
func TestWhatWasFound(t *testing.T) {
	files, err := filepath.Glob("testdata/found/*.wat")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, want, err := Replay(file, text)
			if err != nil {
				t.Fatal(err)
			}
			ways := []How{Interpreted(0), Interpreted(1), Interpreted(2)}
			if compiler() {
				ways = append(ways, Compiled(0), Compiled(1), Compiled(2), Mixed(1), Mixed(3), Regions(0), Regions(1), Regions(3))
			}
			for _, how := range ways {
				got, _ := Run(c, how)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%v (-want +got):\n%s", how, diff)
				}
			}
		})
	}
}

// TestADifferenceIsFoundAndShrunk lets one way be wrong wherever a module has a certain instruction.
func TestADifferenceIsFoundAndShrunk(t *testing.T) {
	for seed := range uint64(20) {
		m := modgen.Generate(seed, modgen.Config{})
		c, err := CaseOf(m)
		if err != nil {
			t.Fatal(err)
		}
		wrong := Way{"wrong", func(c *Case) Transcript {
			t, _ := Run(c, Interpreted(0))
			if has(c, wasm.OpF64Nearest) {
				t = append(t, "wrong")
			}
			return t
		}}
		before := len(c.Binary)
		d := Compare(c, Interpreter(0), wrong)
		if (d != nil) != has(c, wasm.OpF64Nearest) {
			t.Fatalf("seed %d: the difference is %v", seed, d)
		}
		if d == nil {
			continue
		}
		d = Shrink(m, d)
		if c, err = CaseOf(m); err != nil {
			t.Fatal(err)
		}
		if d == nil || !has(c, wasm.OpF64Nearest) || len(c.Binary) > min(400, before) {
			t.Fatalf("seed %d: %d bytes became %d, and the difference is %v", seed, before, len(c.Binary), d)
		}
		return
	}
	t.Fatal("no module has the instruction")
}

// has tells whether a function of a case has an instruction without immediates, by the byte of it.
func has(c *Case, op wasm.Op) bool {
	m, err := wasm.Decode(c.Binary, c.Features)
	if err != nil {
		return false
	}
	for _, code := range m.Code {
		for _, b := range code.Body {
			if b == byte(op) {
				return true
			}
		}
	}
	return false
}

// FuzzModules looks for seeds whose modules have another transcript when they travel.
func FuzzModules(f *testing.F) {
	f.Add(uint64(1), uint64(wasm.DefaultFeatures), uint8(1))
	f.Add(uint64(2), uint64(modgen.Base), uint8(5))
	f.Fuzz(func(t *testing.T, seed, features uint64, every uint8) {
		m := modgen.Generate(seed, modgen.Config{Features: wasm.Features(features) & wasm.DefaultFeatures})
		c, err := CaseOf(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wasm.Decode(c.Binary, c.Features); err != nil {
			t.Fatal(err)
		}
		if d := Compare(c, Interpreter(0), Interpreter(max(1, uint64(every)))); d != nil {
			t.Fatal(d)
		}
	})
}
