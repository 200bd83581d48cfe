package oracle

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	journeysFlag = flag.Int("journeys", 1, "how many times as many journeys as usual")
	seedFlag     = flag.Uint64("seed", 1, "where the journeys go and where they stop")
)

// workshop is where the binaries are built.
var workshop string

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if workshop, err = os.MkdirTemp("", "oracle-"); err != nil {
		panic(err)
	}
	depend("../cmd/godwit", "../control", "testdata/guest")
	code := m.Run()
	os.RemoveAll(workshop)
	os.Exit(code)
}

// depend opens what other processes are going to build: go test keeps the results of tests for as long as the files that
// they opened have not changed, and knows nothing of what those processes open.
func depend(folders ...string) {
	for _, dir := range folders {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil || len(files) == 0 {
			panic("no Go files in " + dir)
		}
		for _, f := range files {
			if _, err := os.Stat(f); err != nil {
				panic(err)
			}
		}
	}
}

// leg is a part of a journey: where it is run and by what, and after how many safepoints it ends; 0 is the program's end.
type leg struct {
	host *host
	jit  bool // everything is compiled to machine code first
	stop uint64
}

// tier is what runs the leg.
func (l *leg) tier() string {
	if l.jit {
		return "jit"
	}
	return "interp"
}

// exitStopped is godwit's exit code for a program that a snapshot has stopped.
const exitStopped = 75

// TestJourney takes each guest on journeys to each architecture.
func TestJourney(t *testing.T) {
	for _, g := range guests {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			file := g.file(t)
			want := g.travel(t, file, []leg{{host: native()}})
			total := g.safepoints(t, file)
			if total < 100 || want.Stdout == "" {
				t.Fatalf("the guest passes %d safepoints and says %q", total, want.Stdout)
			}
			t.Logf("%d safepoints", total)
			for i, h := range hosts {
				if i > 0 && testing.Short() {
					break
				}
				t.Run(h.arch, func(t *testing.T) {
					h.command(t)
					r := g.random(h)
					for range g.journeys * *journeysFlag {
						g.compare(t, file, plan(r, h, total), want)
					}
				})
			}
		})
	}
}

// TestMachineCode runs each guest to its end in machine code.
func TestMachineCode(t *testing.T) {
	for _, h := range hosts {
		if !h.compiles() || testing.Short() && h != native() {
			continue
		}
		t.Run(h.arch, func(t *testing.T) {
			h.command(t)
			for _, g := range guests {
				t.Run(g.name, func(t *testing.T) {
					t.Parallel()
					file := g.file(t)
					g.compare(t, file, []leg{{host: h, jit: true}}, g.travel(t, file, []leg{{host: native()}}))
				})
			}
		})
	}
}

// TestChain takes each guest over all architectures, one after the other, in an order that differs from guest to guest.
func TestChain(t *testing.T) {
	if testing.Short() {
		t.Skip("other architectures are not visited with -short")
	}
	for _, g := range guests {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			file := g.file(t)
			for _, h := range hosts {
				h.command(t)
			}
			want := g.travel(t, file, []leg{{host: native()}})
			total := g.safepoints(t, file)
			r := g.random(nil)
			for range *journeysFlag {
				var legs []leg
				for _, k := range r.Perm(len(hosts)) {
					legs = append(legs, leg{host: hosts[k]})
				}
				g.compare(t, file, stops(r, legs, total), want)
			}
		})
	}
}

// random is the source of journeys of the guest, to a host or to all.
func (g *guest) random(h *host) *rand.Rand {
	name := fnv.New64a()
	fmt.Fprint(name, g.name)
	if h != nil {
		fmt.Fprint(name, " ", h.arch)
	}
	return rand.New(rand.NewPCG(*seedFlag, name.Sum64()))
}

// plan is a journey from this machine to another, and now and then back.
func plan(r *rand.Rand, to *host, total uint64) []leg {
	legs := []leg{{host: native()}, {host: to}}
	if r.IntN(4) == 0 {
		legs = append(legs, leg{host: native()})
	}
	return stops(r, legs, total)
}

// stops chooses where the legs end.
func stops(r *rand.Rand, legs []leg, total uint64) []leg {
	var at []uint64
	for len(at) < len(legs)-1 {
		if n := 1 + r.Uint64N(total-1); !slices.Contains(at, n) {
			at = append(at, n)
		}
	}
	slices.Sort(at)
	for i, n := range at {
		legs[i].stop = n
	}
	for i := range legs {
		legs[i].jit = legs[i].host.compiles() && r.IntN(2) == 0
	}
	return legs
}

func (g *guest) compare(t *testing.T, file string, legs []leg, want outcome) {
	t.Helper()
	if diff := cmp.Diff(want, g.travel(t, file, legs)); diff != "" {
		t.Errorf("%s: the journey made a difference (-without +with):\n%s", describe(legs), diff)
	}
}

// travel runs the guest, leg by leg.
func (g *guest) travel(t *testing.T, file string, legs []leg) (o outcome) {
	t.Helper()
	dir, here := t.TempDir(), t.TempDir()
	input := write(t, filepath.Join(here, "input"), []byte(g.stdin))
	next := file
	for i, l := range legs {
		argv := append(l.host.command(t), "run", "--no-control", "--dir", dir+"::/data", "--seed", strconv.Itoa(seed), "--tier", l.tier())
		snapshot := filepath.Join(here, strconv.Itoa(i)+".snapshot")
		if l.stop > 0 {
			argv = append(argv, "--snapshot-at", strconv.FormatUint(l.stop, 10), "--snapshot", snapshot)
		}
		argv = append(argv, next)
		if next == file {
			argv = append(argv, g.args...)
		}
		stdout, stderr, exit := run(t, argv, input)
		o.Stdout += stdout
		o.Stderr += strings.ReplaceAll(stderr, next, "FILE")
		o.Exit = exit
		if l.stop > 0 && exit != exitStopped {
			t.Errorf("%s: leg %d did not end at safepoint %d, but with exit code %d: %s\n%s", describe(legs), i, l.stop, exit, argv, stderr)
			break
		}
		next = snapshot
	}
	o.Files = tree(t, dir)
	return o
}

// run runs a command to its end.
func run(t *testing.T, argv []string, input string) (stdout, stderr string, exit int) {
	t.Helper()
	in, err := os.Open(input)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out, errs bytes.Buffer
	c := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	c.Stdin, c.Stdout, c.Stderr = in, &out, &errs
	if err := c.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// describe is a journey in a line.
func describe(legs []leg) string {
	var words []string
	for _, l := range legs {
		words = append(words, l.host.arch, "("+l.tier()+")")
		if l.stop > 0 {
			words = append(words, "to safepoint "+strconv.FormatUint(l.stop, 10)+",")
		}
	}
	return strings.Join(words, " ")
}
