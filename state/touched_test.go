package state

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What was never touched is not looked at, and what was touched is never left out.
func TestTouchedMemoryIsFound(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 0))
		data, free := mapped(t, 64<<20)
		defer free()
		want := make(map[uint64]bool)
		for range 300 {
			g := random.IntN(len(data) / granule)
			data[g*granule+random.IntN(granule)] = 1
			want[uint64(g)] = true
		}
		got := make(map[uint64]bool)
		for _, r := range runs(0, data) {
			for off := r.off; off < r.end(); off += granule {
				got[off/granule] = true
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("seed %d (-want +got)\n%s", seed, d)
		}
	}
}

// The memory of a mapped file is not zero where it was not touched.
func TestMemoryThatIsAFileIsRead(t *testing.T) {
	want := bytes.Repeat([]byte("not zero"), 1<<20)
	data, free := mappedFile(t, want)
	defer free()
	f := decoded(t, encoded(t, &Program{Memories: []Memory{{Data: data}}}, Options{}))
	got := make([]byte, len(want))
	if err := f.Memories[0].LoadInto(got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Error("the contents of the mapping are not in the snapshot")
	}
}

func BenchmarkEncodeUntouched(b *testing.B) {
	b.SetBytes(1 << 30)
	for b.Loop() {
		b.StopTimer()
		data, free := mapped(b, 1<<30)
		data[5<<20] = 1
		b.StartTimer()
		encoded(b, &Program{Memories: []Memory{{Data: data}}}, Options{})
		b.StopTimer()
		free()
		b.StartTimer()
	}
}
