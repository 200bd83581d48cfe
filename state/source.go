package state

import (
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// Source is where a memory's contents come from when they are not in [Memory.Data].
type Source interface {
	// Size is the memory's size in bytes, a whole number of its pages.
	Size() uint64
	// LoadInto writes the contents into dst, whose bytes are zero and whose length is Size, and verifies them.
	// After an error what dst holds is meaningless.
	LoadInto(dst []byte) error
	// Used is the number of bytes in those pages (of 4 KiB) that are not all zero.
	Used() uint64
}

// Size is the memory's size in bytes, a whole number of its pages.
func (m *Memory) Size() uint64 {
	if m.Source != nil {
		return m.Source.Size()
	}
	return uint64(len(m.Data))
}

// LoadInto copies the memory's contents into dst, whose bytes must be zero and whose length must be Size. Contents that
// come from a file are verified on the way; after an error what dst holds is meaningless.
func (m *Memory) LoadInto(dst []byte) error {
	if m.Source != nil {
		return m.Source.LoadInto(dst)
	}
	if len(dst) != len(m.Data) {
		return sizeError(dst, uint64(len(m.Data)))
	}
	copy(dst, m.Data)
	return nil
}

func sizeError(dst []byte, size uint64) error {
	return fmt.Errorf("state: memory of %d bytes cannot be loaded into %d", size, len(dst))
}

// block is a piece of memory contents in a file, with a checksum of its own.
type block struct {
	pos     int64  // in the file
	stored  uint32 // bytes in the file
	crc     uint32 // of these
	form    byte
	off     uint64 // in the memory, of the first byte
	len     uint32 // bytes in memory
	scatter group  // where they go when that is not in one piece
}

// fileSource is a memory in a snapshot file.
type fileSource struct {
	file   *File
	size   uint64
	used   uint64
	blocks []block // ascending in the memory, without overlap
}

func (s *fileSource) Size() uint64 { return s.size }
func (s *fileSource) Used() uint64 { return s.used }

// LoadInto reads blocks on all cores: a block is verified while it is in the cache of the core that read it.
func (s *fileSource) LoadInto(dst []byte) error {
	if uint64(len(dst)) != s.size {
		return sizeError(dst, s.size)
	}
	return s.each(func(b *block, w *loader) error { return w.load(b, dst) })
}

// verify reads everything and keeps nothing.
func (s *fileSource) verify() error {
	return s.each(func(b *block, w *loader) error { return w.load(b, nil) })
}

// each calls f for every block, from as many goroutines as can help. It returns one of the errors.
func (s *fileSource) each(f func(*block, *loader) error) error {
	workers := min(runtime.GOMAXPROCS(0), len(s.blocks))
	var (
		next   atomic.Int64
		failed atomic.Bool
		first  error
		once   sync.Once
		wait   sync.WaitGroup
	)
	for range workers {
		wait.Go(func() {
			w := &loader{file: s.file}
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= len(s.blocks) {
					return
				}
				if err := f(&s.blocks[i], w); err != nil {
					failed.Store(true)
					once.Do(func() { first = err })
				}
			}
		})
	}
	wait.Wait()
	return first
}

// loader loads blocks, one at a time, with buffers that it keeps from one to the next.
type loader struct {
	file             *File
	stored, unpacked []byte
}

// load puts a block where it belongs in dst; or, when dst is nil, only verifies it.
func (w *loader) load(b *block, dst []byte) error {
	var target []byte // where the block's bytes go, in one piece
	if dst != nil && b.scatter == nil {
		target = dst[b.off : b.off+uint64(b.len) : b.off+uint64(b.len)]
	}
	stored := target
	if b.form != formRaw || target == nil {
		stored = sized(&w.stored, int(b.stored))
	}
	if _, err := w.file.r.ReadAt(stored, b.pos); err != nil && err != io.EOF {
		return readError(b.pos, nameMemoryContents, err)
	}
	if w.file.differ(crc32.Checksum(stored, castagnoli), b.crc) {
		return &FormatError{Offset: b.pos, Section: nameMemoryContents, Err: ErrChecksum}
	}
	plain := stored
	if b.form == formZstd {
		if plain = target; plain == nil {
			plain = sized(&w.unpacked, int(b.len))
		}
		out, err := w.file.blockDecoder().DecodeAll(stored, plain[:0])
		if err != nil || len(out) != len(plain) || &out[0] != &plain[0] {
			return &FormatError{Offset: b.pos, Section: nameMemoryContents, Message: "zstd frame", Err: ErrInvalid}
		}
	}
	if dst != nil {
		for _, r := range b.scatter {
			copy(dst[r.off:r.end()], plain[:r.len])
			plain = plain[r.len:]
		}
	}
	return nil
}

// nameMemoryContents stands for a section in errors about memory contents, which may be in one of two.
const nameMemoryContents = "data"

// sized returns n bytes of *buf, which grows when it must.
func sized(buf *[]byte, n int) []byte {
	if cap(*buf) < n {
		*buf = make([]byte, n)
	}
	return (*buf)[:n:n]
}

// newBlockDecoder makes the decoder of compressed blocks, which never writes more than it has room for.
func newBlockDecoder() *zstd.Decoder {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		panic(err) // the options are constants
	}
	return z
}
