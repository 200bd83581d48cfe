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

// FuzzHeap: no bytes of a heap make its reader panic, and what the check accepts can be read, and consists of what it
// should.
func FuzzHeap(f *testing.F) {
	f.Add(uint64(10), heapObjects().Data)
	f.Add(uint64(2), AppendArray(AppendRef(AppendArray(nil, 2, 1), ref(RefObject, 0)), 4, 1<<60))
	f.Add(uint64(1), append(AppendObject(nil, 3), bytes.Repeat([]byte{0xFF}, 100)...))
	f.Fuzz(func(t *testing.T, objects uint64, data []byte) {
		p := &Program{Types: heapTypes(), Tags: []Tag{{0}, {9}}, Heap: Heap{Objects: objects, Data: data}}
		p.Funcs = everything().Funcs[:1]
		if p.check(noLimits) != nil {
			r := p.HeapReader()
			for r.Next() {
				r.Bytes()
			}
			return
		}
		if n := uint64(len(objectsOf(t, p))); n != objects {
			t.Errorf("%d objects are read, want %d", n, objects)
		}
	})
}
