package state

import (
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
