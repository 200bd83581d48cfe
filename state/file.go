package state

import (
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// File is a snapshot that was read: the program, and what its memories need to get at their contents.
type File struct {
	Program

	r          io.ReaderAt
	size       int64
	closer     io.Closer
	version    int
	compressed bool
	sections   []part

	// trust is for tests of what comes after the checksums: it has them not compared.
	trust bool

	once    sync.Once
	decoder *zstd.Decoder
}

// ReadFile reads a snapshot file. It stays open until Close, since memories are loaded from it when they are wanted.
func ReadFile(path string, l Limits) (*File, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f, err := openFile(r, l)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return f, nil
}

func openFile(r *os.File, l Limits) (*File, error) {
	info, err := r.Stat()
	if err != nil {
		return nil, err
	}
	f, err := Decode(r, info.Size(), l)
	if err != nil {
		return nil, err
	}
	f.closer = r
	return f, nil
}

// Close ends the use of the file. The program stays, but its memories cannot be loaded any more.
func (f *File) Close() error {
	f.once.Do(func() {})
	if f.decoder != nil {
		f.decoder.Close()
	}
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Verify reads the memories' contents too, and compares them with their checksums.
func (f *File) Verify() error {
	for i := range f.Memories {
		if err := f.Memories[i].Source.(*fileSource).verify(); err != nil {
			return err
		}
	}
	return nil
}

// differ compares checksums.
func (f *File) differ(a, b uint32) bool { return a != b && !f.trust }

// hashes compares the embedded modules with their hashes.
func (f *File) hashes() error {
	for i := range f.Modules {
		m := &f.Modules[i]
		if m.Bytes != nil && sha256.Sum256(m.Bytes) != m.Hash && !f.trust {
			return &FormatError{Offset: -1, Section: nameModules, Message: "SHA-256 of " + m.label(), Err: ErrChecksum}
		}
	}
	return nil
}

// blockDecoder is made when the first compressed block is met.
func (f *File) blockDecoder() *zstd.Decoder {
	f.once.Do(func() { f.decoder = newBlockDecoder() })
	return f.decoder
}

// WriteFile writes p to a file of its own, as ReplaceFile does, and returns its size.
func WriteFile(path string, p *Program, o Options) (size int64, err error) {
	return ReplaceFile(path, func(w io.Writer) error { return Encode(w, p, o) })
}

// ReplaceFile makes a file, mode 0600, of what write writes, in such a way that under its name there is at every moment either
// what was there before or all of it, whatever fails: it writes to a temporary file in the same folder, has it
// reach the disk, renames it, and has the folder reach the disk. It returns the file's size. What a process that is killed leaves behind has
// the name TemporaryName(path, something).
func ReplaceFile(path string, write func(io.Writer) error) (size int64, err error) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	f, err := os.CreateTemp(dir, TemporaryName(base, "*"))
	if err != nil {
		return 0, err
	}
	if size, err = replace(path, f, write); err != nil {
		f.Close() // closed already, or of no use
		os.Remove(f.Name())
		return 0, err
	}
	// From here on the snapshot is there, whole, under its name.
	return size, syncFolder(dir)
}

// TemporaryName is the name of a temporary file of ReplaceFile, by the last element of the path. random may be a pattern.
func TemporaryName(base, random string) string { return "." + base + "." + random + ".tmp" }

// replace has f reach the disk and take path's place.
func replace(path string, f *os.File, write func(io.Writer) error) (size int64, err error) {
	w := &diskWriter{file: f}
	if err := write(w); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	if err := f.Close(); err != nil {
		return 0, err
	}
	return w.size, os.Rename(f.Name(), path)
}

// syncFolder makes a rename last. Windows has no such thing.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// diskWriter writes to a file and has the disk work at the same time. Of the 72 ms that 64 MiB took to be on disk, 30
// were spent waiting in Sync; with the disk at work from the start it is 44 in all.
type diskWriter struct {
	file    *os.File
	size    int64
	started int64 // how much of it the disk was asked to write
}

// writebackUnit is how much is written before the disk is asked to begin with it. From 1 to 8 MiB it makes no difference.
const writebackUnit = 4 << 20

func (w *diskWriter) Write(b []byte) (int, error) {
	n, err := w.file.Write(b)
	w.size += int64(n)
	if w.size-w.started >= writebackUnit {
		startWriteback(w.file, w.started, w.size-w.started)
		w.started = w.size
	}
	return n, err
}
