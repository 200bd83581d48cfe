//go:build !((linux || darwin || freebsd || netbsd || openbsd) && (amd64 || arm64 || s390x || ppc64le || riscv64 || loong64))

package interp

// reservation has nothing to hold here: memories are Go slices, and growing may move them.
type reservation struct{}

func (m *Memory) reserve() error {
	m.guard = false
	return nil
}

func (m *Memory) resize(pages uint64) error { return m.move(pages * m.typ.PageBytes()) }

func (m *Memory) setAside() error { return m.setAsideSlice() }

func (m *Memory) commit(old, size uint64) bool { return true }

func (m *Memory) discard() { clear(m.buf) }

func (h *heap) reserve() {}

func (h *heap) commit(n int) bool { return h.move(n) }

func (h *heap) discard() {}
