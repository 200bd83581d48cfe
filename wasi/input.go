package wasi

import (
	"bytes"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// input reads a stream without keeping the program from being frozen. A read that may have to wait is done by a pump
// on another goroutine, for as much as the guest wants and only then; the waiting host function takes from it what it
// got. When the function gives up, because it is interrupted, the pump does not: what it gets is kept, in order, for
// whoever reads next, and is part of the saved state.
type input struct {
	r      io.Reader
	key    any  // of the pump: r itself, if it can be compared
	direct bool // a read of r never waits

	mu  sync.Mutex
	buf []byte // read from r and not yet by the guest
	end error  // what comes after buf, once: io.EOF or an Errno
}

func newInput(r io.Reader) *input {
	in := &input{r: r, key: r}
	switch r := r.(type) {
	case nil:
		in.r, in.direct = strings.NewReader(""), true
	case *strings.Reader, *bytes.Reader, *bytes.Buffer:
		in.direct = true
	case *os.File:
		if fi, err := r.Stat(); err == nil && fi.Mode().IsRegular() {
			in.direct = true
		}
	default:
		if !reflect.TypeOf(r).Comparable() {
			in.key = in
		}
	}
	return in
}

// read reads into the buffers. Without data it waits, unless nonblock; interrupted, it returns what Suspend gives.
func (in *input) read(w waiter, v iovecs, nonblock bool) (int, error) {
	if v.total == 0 {
		return 0, nil
	}
	var note chan struct{}
	for {
		if n, ok, err := in.take(v); ok {
			return n, err
		}
		if note == nil {
			note = make(chan struct{}, 1)
		}
		in.pump(min(v.want(), pumpChunk), note)
		if nonblock {
			in.forget(note)
			return 0, EAGAIN
		}
		select {
		case <-note:
		case <-w.Interrupted():
			in.forget(note)
			return 0, w.Suspend(nil)
		}
	}
}

// take gives what there is without waiting; ok is false when there is nothing.
func (in *input) take(v iovecs) (n int, ok bool, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.claim()
	switch {
	case len(in.buf) > 0:
		n = v.scatter(in.buf)
		in.buf = in.buf[n:]
		return n, true, nil
	case in.end != nil:
		err, in.end = in.end, nil
	case in.direct:
		n, err = in.readDirect(v)
	default:
		return 0, false, nil
	}
	if err == io.EOF {
		err = nil
	}
	return n, true, err
}

func (in *input) readDirect(v iovecs) (int, error) {
	total := 0
	for i := range v.len() {
		b := v.buf(i)
		b = b[:min(len(b), maxTransfer-total)]
		if len(b) == 0 {
			continue
		}
		n, err := in.r.Read(b)
		total += n
		if err != nil && err != io.EOF && total == 0 {
			return 0, errnoOf(err)
		}
		if err != nil || n < len(b) {
			break
		}
	}
	return total, nil
}

// ready tells how many bytes there are at least, and whether the end is near. With ok false there is nothing yet, and
// note is told when that may have changed.
func (in *input) ready(note chan<- struct{}) (n int, hangup, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.claim()
	switch {
	case len(in.buf) > 0:
		return len(in.buf), false, true
	case in.end != nil:
		return 0, in.end == io.EOF, true
	case in.direct:
		if l, ok := in.r.(interface{ Len() int }); ok {
			return l.Len(), l.Len() == 0, true
		}
		return 1, false, true
	}
	in.pump(pollAhead, note)
	return 0, false, false
}

// freeze is what was read and not yet by the guest.
func (in *input) freeze() savedInput {
	in.settle()
	in.mu.Lock()
	defer in.mu.Unlock()
	in.claim()
	v := savedInput{buf: append([]byte(nil), in.buf...)}
	switch e := in.end.(type) {
	case nil:
	case Errno:
		v.end = 2 + uint64(e)
	default:
		v.end = 1
	}
	return v
}

// thaw puts back what freeze gave.
func (in *input) thaw(v savedInput) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.buf, in.end = append([]byte(nil), v.buf...), nil
	switch {
	case v.end == 1:
		in.end = io.EOF
	case v.end > 1:
		in.end = Errno(v.end - 2)
	}
}

// place is how far a regular file has been read.
func (in *input) place() savedPlace {
	f, ok := in.r.(*os.File)
	if !ok || !in.direct {
		return savedPlace{}
	}
	fi, err := f.Stat()
	if err != nil {
		return savedPlace{}
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return savedPlace{}
	}
	return savedPlace{file: true, offset: at, size: fi.Size(), mtime: fi.ModTime().UnixNano()}
}

// goTo goes on where a regular file was read to, if it is the same file. Another one is read as it is given.
func (in *input) goTo(p savedPlace) {
	here := in.place()
	if p.file && here.file && here.size == p.size && sameTime(time.Unix(0, here.mtime), time.Unix(0, p.mtime)) {
		// The file can be sought: place has.
		_, _ = in.r.(*os.File).Seek(p.offset, io.SeekStart)
	}
}

// pump is one read of a reader. It exists while the read is in flight, and then until somebody claims what it got.
//
// Pumps belong to the reader and not to the input: a program that is restored in the process that it was saved in
// has a new input on the same reader, and finds there what a read from before was still waiting for.
type pump struct {
	done    bool
	left    bool // the guest that wanted it is closed
	buf     []byte
	end     error
	waiting []chan<- struct{} // told once when it is done; each has room for a note, and one unread is as good as two
	cancel  func()            // asks the read to end without having read anything; nil where that cannot be asked
}

var pumps = struct {
	sync.Mutex
	of map[any]*pump
}{of: map[any]*pump{}}

// claim takes what a pump got, if there is nothing from before. The input's lock is held.
func (in *input) claim() {
	if in.direct || len(in.buf) > 0 || in.end != nil {
		return
	}
	pumps.Lock()
	defer pumps.Unlock()
	if p := pumps.of[in.key]; p != nil && p.done {
		delete(pumps.of, in.key)
		in.buf, in.end = p.buf, p.end
	}
}

// pump has up to n bytes read, unless a read is in flight, and note told when something can be claimed.
func (in *input) pump(n int, note chan<- struct{}) {
	pumps.Lock()
	defer pumps.Unlock()
	p := pumps.of[in.key]
	if p == nil {
		p = &pump{}
		pumps.of[in.key] = p
		read, cancel := cancellable(in.r)
		p.cancel = cancel
		go p.run(in.key, read, make([]byte, n))
	}
	p.left = false
	if p.done {
		tell(note)
	} else if !slices.Contains(p.waiting, note) {
		p.waiting = append(p.waiting, note)
	}
}

// forget takes note off the list of those that are told.
func (in *input) forget(note chan<- struct{}) {
	pumps.Lock()
	defer pumps.Unlock()
	if p := pumps.of[in.key]; p != nil {
		if i := slices.Index(p.waiting, note); i >= 0 {
			p.waiting = slices.Delete(p.waiting, i, i+1)
		}
	}
}

// leave says that the input is used no more. What a read in flight still gets waits for another input on the reader;
// that it got nothing does not.
func (in *input) leave() {
	pumps.Lock()
	defer pumps.Unlock()
	p := pumps.of[in.key]
	switch {
	case p == nil:
	case p.done && len(p.buf) == 0:
		delete(pumps.of, in.key)
	default:
		p.left = true
		if p.cancel != nil {
			p.cancel()
		}
	}
}

func tell(note chan<- struct{}) {
	select {
	case note <- struct{}{}:
	default:
	}
}

// run does the read.
func (p *pump) run(key any, read func([]byte) (int, error), b []byte) {
	n, err := read(b)
	for tries := 0; n == 0 && err == nil; tries++ {
		if tries == 100 {
			err = io.ErrNoProgress
			break
		}
		n, err = read(b)
	}
	pumps.Lock()
	defer pumps.Unlock()
	p.done, p.buf, p.cancel = true, b[:min(max(n, 0), len(b))], nil
	switch {
	case err == io.EOF:
		p.end = io.EOF
	case err != nil && err != errCancelled:
		p.end = errnoOf(err)
	}
	if len(p.buf) == 0 && (p.end == nil || p.left) {
		delete(pumps.of, key)
	}
	for _, note := range p.waiting {
		tell(note)
	}
	p.waiting = nil
}

// settle asks a read in flight to end, so that the saved state has all that was read, and the reader the rest. A
// reader that cannot be asked is left to wait; what it gets is found by an input of the same process only.
func (in *input) settle() {
	note := make(chan struct{}, 1)
	pumps.Lock()
	p := pumps.of[in.key]
	if p == nil || p.done || p.cancel == nil {
		pumps.Unlock()
		return
	}
	p.waiting = append(p.waiting, note)
	p.cancel()
	pumps.Unlock()
	select {
	case <-note:
	case <-time.After(drainWait * time.Millisecond):
		in.forget(note)
	}
}
