package jit

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/godwit-vm/godwit/state"
)

// cacheFile is a code file that is open. The index is in memory as it is in the file; units are read when they are asked for. They are read
// and not mapped: what was checked is then what is run whatever happens to the file, a file that becomes shorter is an error rather than a
// signal, and of a unit of a few kilobytes reading takes no longer than the page faults would.
type cacheFile struct {
	f     io.ReaderAt
	index cacheIndex
}

// openCacheFile opens a file, and checks header and index.
func openCacheFile(path string, id cacheID) (c *cacheFile, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNoCode
	}
	return readCacheFile(f, info.Size(), id)
}

// readCacheFile is openCacheFile of what has that many bytes.
func readCacheFile(f io.ReaderAt, size int64, id cacheID) (*cacheFile, error) {
	header := make([]byte, cacheHeader)
	if err := readAt(f, header, 0); err != nil {
		return nil, err
	}
	n, err := checkHeader(header, id, size)
	if err != nil {
		return nil, err
	}
	index := make(cacheIndex, n*cacheEntrySize)
	if err := readAt(f, index, cacheHeader); err != nil {
		return nil, err
	}
	if err := checkIndex(header, index, size); err != nil {
		return nil, err
	}
	return &cacheFile{f, index}, nil
}

// readAt fills b. What ends too early is damaged.
func readAt(f io.ReaderAt, b []byte, offset int64) error {
	_, err := f.ReadAt(b, offset)
	if err == io.EOF {
		return errDamaged
	}
	return err
}

// payload reads a unit into b, which grows if it must, and checks it.
func (c *cacheFile) payload(e *cacheEntry, b []byte) ([]byte, error) {
	b = slices.Grow(b[:0], int(e.size))[:e.size]
	if err := readAt(c.f, b, int64(e.offset)); err != nil {
		return nil, err
	}
	if sum := sumOf(b); !bytes.Equal(sum[:], e.sum[:]) {
		return nil, errDamaged
	}
	return b, nil
}

func (c *cacheFile) close() {
	if c == nil {
		return
	}
	if f, ok := c.f.(io.Closer); ok {
		f.Close()
	}
}

// freshUnit is a unit that is in no file yet.
type freshUnit struct {
	key     cacheKey
	shape   uint64
	payload []byte
}

// writeCacheFile makes a file of units, and of those that are in the file that old opens, if it is not nil. Where both have a unit the new one stays.
// Whoever has the file open, or opens it meanwhile, sees the old one or the new one and nothing between.
func writeCacheFile(path string, id cacheID, old *cacheFile, fresh []freshUnit) (err error) {
	slices.SortFunc(fresh, func(a, b freshUnit) int { return a.key.compare(b.key) })
	fresh = slices.CompactFunc(fresh, func(a, b freshUnit) bool { return a.key == b.key })
	all := fresh
	if old != nil {
		for i := range old.index.len() {
			e := old.index.at(i)
			if _, have := slices.BinarySearchFunc(fresh, e.key, func(u freshUnit, k cacheKey) int { return u.key.compare(k) }); have {
				continue
			}
			if b, err := old.payload(&e, nil); err == nil { // what is damaged is left out
				all = append(all[:len(all):len(all)], freshUnit{e.key, e.shape, b})
			}
		}
		slices.SortFunc(all, func(a, b freshUnit) int { return a.key.compare(b.key) })
	}
	size := uint64(cacheHeader) + uint64(len(all))*cacheEntrySize
	var index cacheIndex
	for i := range all {
		u := &all[i]
		e := cacheEntry{key: u.key, size: uint32(len(u.payload)), offset: size, shape: u.shape, sum: sumOf(u.payload)}
		index = e.append(index)
		size += uint64(len(u.payload))
	}
	if len(all) > maxCacheUnits || size > maxCacheFile {
		return errors.New("too much code for a code file")
	}
	parts := [][]byte{appendHeader(nil, id, index, size), index}
	for i := range all {
		parts = append(parts, all[i].payload)
	}
	_, err = state.ReplaceFile(path, func(w io.Writer) error {
		_, err := w.Write(bytes.Join(parts, nil))
		return err
	})
	return err
}

// mergeCacheFile adds units to a file, which may not be there, or not be good for anything.
func mergeCacheFile(path string, id cacheID, fresh []freshUnit) error {
	old, err := openCacheFile(path, id)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !unusable(err) {
		return err
	}
	defer old.close()
	return writeCacheFile(path, id, old, fresh)
}

// unusable tells of files that are to be written anew.
func unusable(err error) bool {
	return errors.Is(err, errNoCode) || errors.Is(err, errOtherCode) || errors.Is(err, errOtherHost) || errors.Is(err, errDamaged)
}
