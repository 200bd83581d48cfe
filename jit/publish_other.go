//go:build !linux || (!amd64 && !arm64)

package jit

import "github.com/godwit-vm/godwit/interp"

// Where there is no machine code, New fails, and nothing of this is called.

func canRun() error { return errNoBackEnd() }

func enableNative(*interp.Module, interp.Tier, uint32, uint32) bool { return false }

func nativeMemory(*interp.Module) interp.NativeMemory { return interp.NativeMemory{} }

func newCode([]byte) (piece, error) { return piece{}, errNoBackEnd() }

func freeCode(piece) {}

func publish(*interp.Module, *interp.NativeUnit) error { return errNoBackEnd() }

func replaced(*interp.Module) int { return 0 }

func reclaim(*interp.Module) (freed, left int) { return 0, 0 }
