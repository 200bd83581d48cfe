package state

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

// dense is a program with one memory of 64 MiB in which each page was written. Half of each page is noise, which is
// about what compresses as a real program's memory does.
func dense() *Program {
	p := &Program{Memories: []Memory{{
		Type: wasm.MemoryType{Limits: wasm.Limits{Min: 1024}},
		Data: make([]byte, 64<<20),
	}}}
	data, noise := p.Memories[0].Data, rand.New(rand.NewPCG(1, 2))
	for i := range data {
		if i%granule < granule/2 {
			data[i] = byte(noise.Uint32())
		}
	}
	return p
}

// sparse is the same, but only every other granule was written: the worst case for the number of runs.
func sparse() *Program {
	p := dense()
	for i := range p.Memories[0].Data {
		if i/granule%2 == 0 {
			p.Memories[0].Data[i] = 0
		}
	}
	return p
}

var benchPrograms = []struct {
	name string
	make func() *Program
	opts Options
}{
	{"dense", dense, Options{}},
	{"sparse", sparse, Options{}},
	{"zstd", dense, Options{Compress: true}},
}

func BenchmarkEncode(b *testing.B) {
	for _, c := range benchPrograms {
		b.Run(c.name, func(b *testing.B) {
			p := c.make()
			b.SetBytes(64 << 20)
			for b.Loop() {
				if err := Encode(io.Discard, p, c.opts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncodeFile is BenchmarkWriteFile without waiting for the disk.
func BenchmarkEncodeFile(b *testing.B) {
	for _, c := range benchPrograms {
		b.Run(c.name, func(b *testing.B) {
			p, path := c.make(), filepath.Join(b.TempDir(), "x.snapshot")
			b.SetBytes(64 << 20)
			for b.Loop() {
				f, err := os.Create(path)
				if err != nil {
					b.Fatal(err)
				}
				if err := Encode(f, p, c.opts); err != nil {
					b.Fatal(err)
				}
				f.Close()
				b.StopTimer()
				os.Remove(path)
				b.StartTimer()
			}
		})
	}
}

func BenchmarkWriteFile(b *testing.B) {
	for _, c := range benchPrograms {
		b.Run(c.name, func(b *testing.B) {
			p, path := c.make(), filepath.Join(b.TempDir(), "x.snapshot")
			b.SetBytes(64 << 20)
			for b.Loop() {
				if _, err := WriteFile(path, p, c.opts); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				os.Remove(path)
				b.StartTimer()
			}
		})
	}
}

// BenchmarkRestore reads a file and loads its memory into fresh memory.
func BenchmarkRestore(b *testing.B) {
	for _, c := range benchPrograms {
		b.Run(c.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "x.snapshot")
			if _, err := WriteFile(path, c.make(), c.opts); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(64 << 20)
			for b.Loop() {
				b.StopTimer()
				dst, free := mapped(b, 64<<20)
				b.StartTimer()
				f, err := ReadFile(path, Limits{})
				if err != nil {
					b.Fatal(err)
				}
				if err := f.Memories[0].LoadInto(dst); err != nil {
					b.Fatal(err)
				}
				f.Close()
				b.StopTimer()
				free()
				b.StartTimer()
			}
		})
	}
}

// objects is a program with a heap of 64 MiB: structures of two numbers and two references, to the one before and to one
// that comes later.
func objects() *Program {
	p := &Program{Types: []wasm.TypeDef{{Kind: wasm.CompStruct, Super: -1, GroupLen: 1, Final: true, Fields: []wasm.FieldType{
		{Type: wasm.I32}, {Type: wasm.RefTo(0, true)}, {Type: wasm.I64}, {Type: wasm.RefTo(0, true)},
	}}}}
	h := &p.Heap
	h.Data = make([]byte, 0, 64<<20)
	for len(h.Data) < 64<<20-40 {
		h.Data = AppendObject(h.Data, 0)
		h.Data = AppendValue(h.Data, wasm.I32, h.Objects, 0)
		h.Data = AppendRef(h.Data, ref(RefObject, max(1, h.Objects)-1))
		h.Data = AppendValue(h.Data, wasm.I64, h.Objects*h.Objects, 0)
		h.Data = AppendRef(h.Data, ref(RefObject, h.Objects/2*3/2))
		h.Objects++
	}
	return p
}

func BenchmarkHeapEncode(b *testing.B) {
	p := objects()
	for _, o := range []Options{{}, {Compress: true}} {
		b.Run(fmt.Sprintf("compress=%v", o.Compress), func(b *testing.B) {
			b.SetBytes(int64(len(p.Heap.Data)))
			for b.Loop() {
				if err := Encode(io.Discard, p, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkHeapDecode(b *testing.B) {
	p := objects()
	for _, o := range []Options{{}, {Compress: true}} {
		b.Run(fmt.Sprintf("compress=%v", o.Compress), func(b *testing.B) {
			file := encoded(b, p, o)
			b.SetBytes(int64(len(p.Heap.Data)))
			for b.Loop() {
				if _, err := DecodeBytes(file, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHeapCheck is the share of the check in both.
func BenchmarkHeapCheck(b *testing.B) {
	p := objects()
	b.SetBytes(int64(len(p.Heap.Data)))
	for b.Loop() {
		if err := p.check(noLimits); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHeapAppend and BenchmarkHeapRead are what a store has to do besides: to make the objects' bytes, and to take
// them apart.
func BenchmarkHeapAppend(b *testing.B) {
	b.SetBytes(64 << 20)
	for b.Loop() {
		objects()
	}
}

func BenchmarkHeapRead(b *testing.B) {
	p := objects()
	b.SetBytes(int64(len(p.Heap.Data)))
	for b.Loop() {
		r := p.HeapReader()
		for r.Next() {
			for range r.Len() {
				r.Value()
			}
		}
		if r.Err() != nil {
			b.Fatal(r.Err())
		}
	}
}
