package state

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// label names a module for people.
func (m *Module) label() string {
	if m.Name != "" {
		return fmt.Sprintf("module %q", m.Name)
	}
	return "module " + hex.EncodeToString(m.Hash[:6])
}

// Provide hands the binary of a module to a program that was read from a snapshot without it. ok tells whether the
// program needs that binary; the SHA-256 decides. The program keeps the slice.
func (p *Program) Provide(binary []byte) (ok bool) {
	hash := sha256.Sum256(binary)
	for i := range p.Modules {
		if m := &p.Modules[i]; m.Hash == hash {
			m.Bytes, ok = binary, true
		}
	}
	return ok
}

// Complete returns an [ErrModuleMissing] that names a module whose binary is still to be provided, or nil.
func (p *Program) Complete() error {
	for i := range p.Modules {
		if m := &p.Modules[i]; m.Bytes == nil {
			return &FormatError{
				Offset:  -1,
				Section: nameModules,
				Message: fmt.Sprintf("%s, SHA-256 %x", m.label(), m.Hash),
				Err:     ErrModuleMissing,
			}
		}
	}
	return nil
}
