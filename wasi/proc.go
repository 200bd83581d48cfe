package wasi

import (
	"fmt"
	"runtime"
)

// ExitError says that the guest called proc_exit. It reaches the embedder inside the interpreter's HostError; match it
// with errors.As.
type ExitError struct {
	Code uint32 // 0 is success
}

func (e *ExitError) Error() string { return fmt.Sprintf("exit status %d", e.Code) }

func (s *System) procExit(c call, a []uint64) error { return &ExitError{Code: uint32(a[0])} }

func (s *System) schedYield(c call, a []uint64) error {
	runtime.Gosched()
	return nil
}

func (s *System) argsGet(c call, a []uint64) error { return c.mem.putStrings(a, s.args) }

func (s *System) argsSizesGet(c call, a []uint64) error { return c.mem.putSizes(a, s.args) }

func (s *System) environGet(c call, a []uint64) error { return c.mem.putStrings(a, s.env) }

func (s *System) environSizesGet(c call, a []uint64) error { return c.mem.putSizes(a, s.env) }

// putStrings writes a pointer to each string from a[0] on, and the strings, each with a zero byte after it, from a[1] on.
func (g guest) putStrings(a []uint64, list []string) error {
	at, text := ptr(a[0]), ptr(a[1])
	for _, s := range list {
		if err := g.putUint32(at, uint32(text)); err != nil {
			return err
		}
		b, err := g.view(text, uint64(len(s))+1)
		if err != nil {
			return err
		}
		copy(b, s)
		b[len(s)] = 0
		at, text = at+4, text+uint64(len(b))
	}
	return nil
}

// putSizes writes how many strings there are to a[0], and how many bytes they take to a[1].
func (g guest) putSizes(a []uint64, list []string) error {
	size := 0
	for _, s := range list {
		size += len(s) + 1
	}
	if err := g.putUint32(ptr(a[0]), uint32(len(list))); err != nil {
		return err
	}
	return g.putUint32(ptr(a[1]), uint32(size))
}
