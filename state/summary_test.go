package state

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// described is the summary of everything.
func described(t *testing.T) Summary {
	return Summarize(decoded(t, encoded(t, everything(), Options{})), map[string]Describer{
		"wasi_snapshot_preview1": func(version uint32, data []byte) (any, []string, error) {
			return map[string]any{"version": version, "bytes": len(data)}, []string{"descriptor 3: /data", "a\x1b[2Jtrick"}, nil
		},
		"env": func(uint32, []byte) (any, []string, error) { return nil, nil, errors.New("no idea") },
	})
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got)\n%s", file, d)
	}
}

func TestSummaryForPeople(t *testing.T) {
	var b strings.Builder
	described(t).Print(&b)
	golden(t, "testdata/summary.txt", b.String())
}

func TestSummaryForPrograms(t *testing.T) {
	b, err := json.MarshalIndent(described(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/summary.json", string(b)+"\n")
}

func TestPartsAddUpToTheFile(t *testing.T) {
	s := described(t)
	sum := int64(len(preamble))
	for _, p := range s.Parts {
		sum += p.Size
	}
	if sum != s.Size {
		t.Errorf("parts have %d bytes, the file %d", sum, s.Size)
	}
}

func TestLongBacktracesAreCutInPrint(t *testing.T) {
	p := everything()
	frame := p.Threads[2].Frames[0]
	for range 1_000_000 {
		p.Threads[2].Frames = append(p.Threads[2].Frames, frame)
	}
	var b strings.Builder
	Summarize(decoded(t, encoded(t, p, Options{})), nil).Print(&b)
	if n := strings.Count(b.String(), "\n"); n > 150 {
		t.Errorf("%d lines", n)
	}
	if !strings.Contains(b.String(), "... 999,961 more ...") {
		t.Error("nothing says how much is left out")
	}
}
