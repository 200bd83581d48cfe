package jit

import (
	"errors"

	"github.com/godwit-vm/godwit/interp"
)

// What package interp does for the compiler.

// canRun says why machine code cannot run here, if it cannot.
func canRun() error { return nil }

// enableNative lets m's functions and loops be counted, and t hear of them.
func enableNative(m *interp.Module, t interp.Tier, entries, iterations uint32) bool { return false }

// nativeMemory is what memory 0 of m's instances is like.
func nativeMemory(m *interp.Module) interp.NativeMemory { return interp.NativeMemory{} }

// newCode copies machine code to executable memory.
func newCode(code []byte) (piece, error) { return piece{}, errors.New("not yet") }

func freeCode(p piece) {}

// publish lets m's instances find a unit.
func publish(m *interp.Module, u *interp.NativeUnit) {}
