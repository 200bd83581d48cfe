package wasi

import (
	"io"
	"os"
	"sync"
)

// stream is what cannot be sought: standard input and output, a terminal, a pipe, a device in a mount.
type stream struct {
	in  *input // nil: not for reading
	typ fileType

	wmu    sync.Mutex
	out    io.Writer // nil: not for writing
	joined []byte    // a vectored write put together

	std int // 0, 1 or 2 for the standard streams, else -1

	// For a device in a mount: the host's file and its name.
	f     *os.File
	mount *mount
	path  string
}

func (s *stream) fileType() fileType { return s.typ }

func (s *stream) close() error {
	if s.f == nil {
		return nil // the embedder's
	}
	if s.in != nil {
		s.in.leave()
	}
	return s.f.Close()
}

// newStdio makes the three standard streams.
func newStdio(c *Config) [3]*stream {
	in := &stream{std: 0, in: newInput(c.stdin), typ: typeOf(c.stdin)}
	out := &stream{std: 1, out: c.stdout, typ: typeOf(c.stdout)}
	err := &stream{std: 2, out: c.stderr, typ: typeOf(c.stderr)}
	for _, s := range []*stream{out, err} {
		if s.out == nil {
			s.out = io.Discard
		}
	}
	return [3]*stream{in, out, err}
}

// typeOf is a character device for terminals only, because that is how a guest's libc tells a terminal.
func typeOf(rw any) fileType {
	if f, ok := rw.(*os.File); ok && f != nil && isTerminal(f) {
		return typeCharDevice
	}
	return typeUnknown
}

// write writes the buffers, as one where they are small. It waits as long as the writer does.
func (s *stream) write(v iovecs) (int, error) {
	if s.out == nil {
		return 0, EBADF
	}
	s.wmu.Lock()
	defer s.wmu.Unlock()
	if v.len() == 1 {
		b := v.buf(0)
		return s.writeBuf(b[:min(len(b), maxTransfer)])
	}
	if v.total <= gatherSize {
		if s.joined == nil {
			s.joined = make([]byte, gatherSize)
		}
		return s.writeBuf(s.joined[:v.gather(s.joined)])
	}
	total := 0
	for i := range v.len() {
		b := v.buf(i)
		b = b[:min(len(b), maxTransfer-total)]
		n, err := s.writeBuf(b)
		total += n
		if err != nil && total == 0 {
			return 0, err
		}
		if err != nil || n < len(b) {
			break
		}
	}
	return total, nil
}

// writeBuf writes b. What was written before an error is a success; the guest meets the error with the rest.
func (s *stream) writeBuf(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := s.out.Write(b)
	if n > 0 {
		return min(n, len(b)), nil
	}
	return 0, err
}
