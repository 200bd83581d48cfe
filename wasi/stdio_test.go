package wasi

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

func TestStdoutGathersVectors(t *testing.T) {
	var out writes
	h := newHost(t, NewConfig().WithStdout(&out))
	copy(h.mem[atData:], "line\nmore")
	p, n := h.vec(4, 1, 4)
	h.ok("fd_write", 1, p, n, atOut)
	if len(out) != 1 || out[0] != "line\nmore" || h.u32(atOut) != 9 {
		t.Errorf("%q, %d", out, h.u32(atOut))
	}
	out = nil
	p, n = h.vec(gatherSize, 10)
	h.ok("fd_write", 1, p, n, atOut)
	if len(out) != 2 || h.u32(atOut) != gatherSize+10 {
		t.Errorf("%d writes, %d", len(out), h.u32(atOut))
	}
}

// writes keeps each write.
type writes []string

func (w *writes) Write(b []byte) (int, error) {
	*w = append(*w, string(b))
	return len(b), nil
}

// failing takes n bytes and then fails.
type failing struct{ n int }

func (f *failing) Write(b []byte) (int, error) {
	n := min(f.n, len(b))
	f.n -= n
	if n < len(b) {
		return n, os.ErrPermission
	}
	return n, nil
}

func TestWriteErrorAfterSomeBytesIsShort(t *testing.T) {
	h := newHost(t, NewConfig().WithStdout(&failing{n: 6}))
	if e := h.write(1, "abcd"); e != Success || h.u32(atOut) != 4 {
		t.Errorf("%v %d", e, h.u32(atOut))
	}
	if e := h.write(1, "abcd"); e != Success || h.u32(atOut) != 2 {
		t.Errorf("%v %d", e, h.u32(atOut))
	}
	if e := h.write(1, "abcd"); e != EACCES {
		t.Errorf("%v", e)
	}
}

func TestStdinThatNeverWaits(t *testing.T) {
	for name, r := range map[string]io.Reader{
		"strings": strings.NewReader("hello"), "bytes": bytes.NewReader([]byte("hello")), "buffer": bytes.NewBufferString("hello"),
	} {
		h := newHost(t, NewConfig().WithStdin(r))
		p, n := h.vec(2, 2)
		h.ok("fd_read", 0, p, n, atOut)
		if got := string(h.mem[atData:][:h.u32(atOut)]); got != "hell" {
			t.Errorf("%s: %q", name, got)
		}
		h.wantRead(0, 10, "o")
		h.wantRead(0, 10, "")
		h.wantRead(0, 10, "")
	}
	h := newHost(t, NewConfig())
	h.wantRead(0, 10, "")
}

func TestStdinWaits(t *testing.T) {
	r := &slowReader{ch: make(chan string)}
	h := newHost(t, NewConfig().WithStdin(r))
	go func() { r.ch <- "hello"; close(r.ch) }()
	h.wantRead(0, 3, "hel")
	h.wantRead(0, 3, "lo")
	h.wantRead(0, 3, "")
}

// A read that is interrupted has not happened. What arrives meanwhile is there for the next one, once and in order.
func TestInterruptedReadLosesNothing(t *testing.T) {
	r := &slowReader{ch: make(chan string)}
	h := newHost(t, NewConfig().WithStdin(r))
	p, n := h.vec(4)
	for range 3 {
		h.w.wake <- struct{}{}
		if _, err := h.try("fd_read", 0, p, n, atOut); err != errSuspend {
			t.Fatalf("interrupted: %v", err)
		}
	}
	r.ch <- "abcdefgh"
	h.wantRead(0, 3, "abc")
	h.wantRead(0, 10, "d") // the pump was asked for no more than four
	h.wantRead(0, 10, "efgh")
	go close(r.ch)
	h.wantRead(0, 10, "")
}

func TestNonblockingStdin(t *testing.T) {
	r := &slowReader{ch: make(chan string)}
	h := newHost(t, NewConfig().WithStdin(r))
	h.ok("fd_fdstat_set_flags", 0, uint64(flagNonblock))
	if _, e := h.read(0, 4); e != EAGAIN {
		t.Fatalf("nothing there: %v", e)
	}
	r.ch <- "abcd"
	for {
		got, e := h.read(0, 4)
		if e == EAGAIN {
			time.Sleep(time.Millisecond)
			continue
		}
		if got != "abcd" || e != Success {
			t.Errorf("%q %v", got, e)
		}
		return
	}
}

// errReader gives an error once and then data.
type errReader struct{ err error }

func (r *errReader) Read(b []byte) (int, error) {
	if err := r.err; err != nil {
		r.err = nil
		return 0, err
	}
	return copy(b, "data"), nil
}

func TestStdinErrorIsGivenOnce(t *testing.T) {
	h := newHost(t, NewConfig().WithStdin(&errReader{os.ErrPermission}))
	if _, e := h.read(0, 4); e != EACCES {
		t.Errorf("%v", e)
	}
	h.wantRead(0, 4, "data")
}

func TestStdinReaderThatDoesNothing(t *testing.T) {
	h := newHost(t, NewConfig().WithStdin(stuck{}))
	if _, e := h.read(0, 4); e != EIO {
		t.Errorf("%v", e)
	}
}

// stuck cannot be compared, and reads nothing.
type stuck struct{ _ []int }

func (stuck) Read([]byte) (int, error) { return 0, nil }

// A pipe of the host's is asked to give a waiting read up when the state is saved: what arrives later is still in it.
func TestSavingLeavesInputInThePipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if !errors.Is(r.SetReadDeadline(time.Time{}), nil) {
		t.Skip("this host's pipes know no deadlines")
	}
	h := newHost(t, NewConfig().WithStdin(r))
	p, n := h.vec(4)
	h.w.wake <- struct{}{}
	if _, err := h.try("fd_read", 0, p, n, atOut); err != errSuspend {
		t.Fatal(err)
	}
	if _, _, err := h.s.SaveState(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("later"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if b, err := io.ReadAll(r); string(b) != "later" || err != nil {
		t.Errorf("left in the pipe: %q, %v", b, err)
	}
}

func TestFilestatOfStdio(t *testing.T) {
	h := newHost(t, NewConfig())
	h.ok("fd_filestat_get", 1, atOut)
	if h.mem[atOut+16] != byte(typeUnknown) || h.u64(atOut+32) != 0 {
		t.Errorf("type %d size %d", h.mem[atOut+16], h.u64(atOut+32))
	}
	h.want(EBADF, "fd_filestat_set_times", 1, 0, 0, uint64(fstMtimNow))
}
