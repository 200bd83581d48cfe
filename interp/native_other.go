//go:build !(linux && (amd64 || arm64))

package interp

import (
	"errors"
	"unsafe"
)

// There is no machine code on this platform.

type (
	nativeThread   struct{}
	nativeInstance struct{}
	nativeMark     struct{}
	retirement     struct{ retired []*NativeUnit }
)

// NativeAvailable says why machine code cannot run here: it can on Linux on amd64 and arm64.
func NativeAvailable() error {
	return errors.New("interp: there is no native code for this platform")
}

// EnableNative reports false: there is no machine code here.
func (m *Module) EnableNative(t Tier, entries, iterations uint32) bool { return false }

var calleeWord uintptr

func (t *Thread) closeNative()               {}
func (t *Thread) nativeWanted()              {}
func (s *Store) countNatively()              {}
func (t *Thread) wanted() uint32             { return t.attention.Load() }
func (t *Thread) showNative()                {}
func (t *Thread) leaveNative()               {}
func (t *Thread) cutNative(int)              {}
func (t *Thread) nativeMark() (m nativeMark) { return m }
func (t *Thread) nativeReset(nativeMark)     {}
func (s *Store) nativeFuncsAdded()           {}
func (s *Store) nativeFuncsWithdrawn()       {}
func (t *Thread) answer()                    {}

func (t *Thread) enterNative(pc *instr, fp, mb unsafe.Pointer, ml uint64) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	return next(pc), fp, 0, mb, ml, t
}

func nativeReturn(pc *instr, fp unsafe.Pointer, acc uint64, mb unsafe.Pointer, ml uint64, t *Thread) (*instr, unsafe.Pointer, uint64, unsafe.Pointer, uint64, *Thread) {
	return pc, fp, acc, mb, ml, t
}

func (t *Thread) runUnit(pc *instr, fp unsafe.Pointer) (*instr, unsafe.Pointer, uint64) {
	return next(pc), fp, 0
}
