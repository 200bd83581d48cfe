//go:build linux && (amd64 || arm64)

package jit

import "github.com/godwit-vm/godwit/interp"

// What package interp does for the compiler, under the names that it has here.

// canRun says why machine code cannot run here, if it cannot.
func canRun() error { return interp.NativeAvailable() }

// enableNative lets m's functions and loops be counted, and t hear of them.
func enableNative(m *interp.Module, t interp.Tier, entries, iterations uint32) bool {
	return m.EnableNative(t, entries, iterations)
}

// nativeMemory is what memory 0 of m's instances is like.
func nativeMemory(m *interp.Module) interp.NativeMemory { return m.NativeMemory() }

// newCode copies machine code to executable memory.
func newCode(code []byte) (piece, error) {
	base, err := interp.NewNativeCode(code)
	return piece{base, uintptr(len(code))}, err
}

// freeCode gives it back.
func freeCode(p piece) { interp.FreeNativeCode(p.base, p.size) }

// publish lets m's instances find a unit.
func publish(m *interp.Module, u *interp.NativeUnit) error { return m.Publish(u) }

// replaced counts m's units that were replaced and are not freed, reclaim frees those that nobody can reach and counts them and the others.
func replaced(m *interp.Module) int              { return m.Replaced() }
func reclaim(m *interp.Module) (freed, left int) { return m.Reclaim() }
