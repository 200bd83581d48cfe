package vm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestProfilesAreReadByPprof has Go's own tool say what is in a profile.
func TestProfilesAreReadByPprof(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command: ", err)
	}
	inner := TraceFrame{Instance: "main", Func: 3, Name: "inner", Offset: 0x123, File: "guest.c", Line: 17}
	outer := TraceFrame{Instance: "main", Func: 2, Name: "outer", Offset: 0x456, File: "guest.c", Line: 42}
	other := TraceFrame{Instance: "main", Func: 9, Name: "other", Offset: 0x789}
	p := pprofile{
		begin: time.Unix(1700000000, 0), took: 2 * time.Second, interval: 10 * time.Millisecond,
		samples: []stackSample{{[]TraceFrame{inner, outer}, 150}, {[]TraceFrame{other, outer}, 50}},
	}
	file := filepath.Join(t.TempDir(), "x.pprof")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.writeTo(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"-top", "-cum"}, []string{"Type: time", "Duration: 2s, Total samples = 2000ms (  100%)", "75.00%", "25.00%", "inner", "outer", "other"}},
		{[]string{"-raw"}, []string{"guest.c:17", "guest.c:42", "0x123", "Period: 10000000", "150 1500000000: 1 2"}},
	} {
		out, err := exec.Command("go", append(append([]string{"tool", "pprof"}, c.args...), file)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", c.args, err, out)
		}
		for _, w := range c.want {
			if !strings.Contains(string(out), w) {
				t.Errorf("%v: %q is missing in\n%s", c.args, w, out)
			}
		}
	}
}
