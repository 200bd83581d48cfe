package state

import (
	"bytes"
	"io"
	"testing"
)

// FuzzDecode: no input makes the reader panic or allocate beyond its limits, and what it accepts it can write and read
// again. Checksums are not compared, or the fuzzer would get no further than these.
func FuzzDecode(f *testing.F) {
	for _, p := range []*Program{{}, small()} {
		for _, o := range optionCases {
			f.Add(encoded(f, p, o))
		}
		var b bytes.Buffer
		if err := encode(&b, p, Options{}, 0); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	limits := Limits{MemoryBytes: 16 << 20, Bytes: 1 << 20, Objects: 1000, Elements: 10_000, Frames: 1000, Values: 10_000}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := decode(&File{r: bytes.NewReader(b), size: int64(len(b)), trust: true}, limits)
		if err != nil {
			return
		}
		defer file.Close()
		Summarize(file, nil).Print(io.Discard)
		for i := range file.Modules {
			file.Modules[i].Bytes = nil // its hash need not be right
		}
		if file.Verify() != nil {
			return
		}
		again := decoded(t, encoded(t, &file.Program, Options{}))
		if d := diff(t, &file.Program, &again.Program); d != "" {
			t.Errorf("(-read +read again)\n%s", d)
		}
	})
}
