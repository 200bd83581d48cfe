package state

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files of the current format version anew")

// Golden files stay for ever: whatever version this release writes, it reads what earlier ones wrote.
var goldens = []struct {
	file string
	want func() *Program
}{
	{"testdata/v1.snapshot", everythingOfVersion1},
	{"testdata/v1-zstd.snapshot", everythingOfVersion1},
	{"testdata/v2.snapshot", everything},
	{"testdata/v2-zstd.snapshot", everything},
}

func TestGoldenFilesAreRead(t *testing.T) {
	if *update {
		writeGoldens(t)
	}
	for _, g := range goldens {
		t.Run(g.file, func(t *testing.T) {
			f, err := ReadFile(g.file, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if d := diff(t, g.want(), &f.Program); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// What is written for the same program changes only together with the format's version. (Compressed files are not
// compared: how well the compressor does is its own affair.)
func TestFormatStandsStill(t *testing.T) {
	want, err := os.ReadFile("testdata/v2.snapshot")
	if err != nil {
		t.Fatal(err)
	}
	if got := encoded(t, everything(), Options{}); !bytes.Equal(want, got) {
		t.Errorf("%d bytes are written that differ from the %d of version %d", len(got), len(want), Version)
	}
}

func writeGoldens(t *testing.T) {
	for file, o := range map[string]Options{
		"testdata/v2.snapshot":      {},
		"testdata/v2-zstd.snapshot": {Compress: true},
	} {
		if err := os.WriteFile(file, encoded(t, everything(), o), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
