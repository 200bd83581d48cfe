package difftest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/godwit-vm/godwit/internal/modgen"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// Fuzzer makes up modules and compares.
type Fuzzer struct {
	// Features are those that modules may use, 0 is all that are on by default; those that the peer lacks are left to the modules that it does not see.
	Features wasm.Features
	// Travel is at every how many safepoints a program travels; 0 is a number that depends on the seed.
	Travel uint64
	// Peer may be nil. With a peer, every fourth module is for godwit alone, with features that the peer does not have.
	Peer *Peer
	// Folder is where differences are written; "" is nowhere.
	Folder string
	// Compiled compares machine code, too: whole functions and regions, in place, travelling, travelling to and from the interpreter, and
	// with fuel.
	Compiled bool
	// Whole leaves modules as they are, which is quick, and says no more than that there is a difference.
	Whole bool

	Stats Stats
}

// Stats count what a Fuzzer has done.
type Stats struct {
	Modules, Bytes, Calls, Traps, Exceptions, Travels, Peers int
	Late                                                     int // runs that ended because their time was up
}

// Generate makes the module of a seed, and says whether the peer is to run it.
func (f *Fuzzer) Generate(seed uint64) (m *modgen.Module, peer bool) {
	features := f.Features
	if features == 0 {
		features = wasm.DefaultFeatures
	}
	if peer = f.Peer != nil && seed%4 != 3; peer {
		features &= PeerFeatures
	}
	return modgen.Generate(seed, modgen.Config{Features: features}), peer
}

// Try makes the module of a seed and compares; a difference is shrunk and written. The error is that something is wrong
// with the module itself.
func (f *Fuzzer) Try(seed uint64) (*Difference, error) {
	m, peer := f.Generate(seed)
	c, err := CaseOf(m)
	if err != nil {
		return nil, err
	}
	if _, err := wasm.Decode(c.Binary, c.Features); err != nil {
		return nil, fmt.Errorf("a module that is not valid was generated: %w", err)
	}
	travel := f.Travel
	if travel == 0 {
		travel = 1 + seed/4%16
	}
	ways := []Way{f.counted(f.way(Interpreted(0))), f.way(Interpreted(travel))}
	if f.Compiled {
		ways = append(ways, f.way(Compiled(0)), f.way(Compiled(travel)), f.way(Mixed(1+seed/7%5)),
			f.way(Regions(0)), f.way(Regions(1+seed/3%8)))
	}
	if peer {
		f.Stats.Peers++
		ways = append(ways, f.Peer.Way())
	}
	d := Compare(c, ways...)
	if d == nil && f.Compiled {
		fuel := 1 + seed*31%400
		if d = Compare(c, f.way(Interpreted(0).Fuelled(fuel)), f.way(Compiled(0).Fuelled(fuel))); d == nil {
			d = Compare(c, f.way(Interpreted(travel).Fuelled(fuel)), f.way(Compiled(travel).Fuelled(fuel)))
		}
	}
	f.Stats.Modules++
	f.Stats.Bytes += len(c.Binary)
	if d == nil {
		return nil, nil
	}
	if !f.Whole {
		d = Shrink(m, d)
	}
	return d, f.write(seed, m, d)
}

// way is godwit as a way whose travels are counted, and whether time was up.
func (f *Fuzzer) way(h How) Way {
	return Way{h.String(), func(c *Case) Transcript {
		t, n := Run(c, h)
		f.Stats.Travels += n
		if slices.ContainsFunc(t, func(line string) bool { return strings.HasSuffix(line, late) }) {
			f.Stats.Late++
		}
		return t
	}}
}

// counted is a way whose calls are counted.
func (f *Fuzzer) counted(w Way) Way {
	return Way{w.Name, func(c *Case) Transcript {
		t := w.Run(c)
		for _, line := range t {
			if strings.HasPrefix(line, "f") {
				f.Stats.Calls++
			}
			if strings.Contains(line, "trap: ") {
				f.Stats.Traps++
			}
			if strings.HasSuffix(line, "= exception") {
				f.Stats.Exceptions++
			}
		}
		return t
	}}
}

// write writes what is left of a module in which ways differ: what is needed to try it again, and what people read.
func (f *Fuzzer) write(seed uint64, m *modgen.Module, d *Difference) error {
	if f.Folder == "" {
		return nil
	}
	c, err := CaseOf(m)
	if err != nil {
		return err
	}
	w, err := wasm.Decode(c.Binary, c.Features)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, line := range strings.Split(strings.TrimSpace(d.String()), "\n") {
		fmt.Fprintf(&text, ";; %s\n", line)
	}
	for _, x := range c.Calls {
		fmt.Fprintf(&text, ";; call %s\n", call(x))
	}
	if err := wat.Print(&text, w); err != nil {
		return err
	}
	if err := os.MkdirAll(f.Folder, 0o777); err != nil {
		return err
	}
	name := filepath.Join(f.Folder, fmt.Sprint(seed))
	if err := os.WriteFile(name+".wat", text.Bytes(), 0o666); err != nil {
		return err
	}
	return os.WriteFile(name+".wasm", c.Binary, 0o666)
}

// Summary says in a line what has been done in a time.
func (s *Stats) Summary(took time.Duration) string {
	per := float64(s.Modules) / max(took.Seconds(), 1e-9)
	return fmt.Sprintf("%d modules (%d KiB, %d with the peer), %d calls, %d of them trapped and %d threw; %d travels; %d runs out of time; %.1f modules/s",
		s.Modules, s.Bytes>>10, s.Peers, s.Calls, s.Traps, s.Exceptions, s.Travels, s.Late, per)
}
