package wasi

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	chacha "math/rand/v2"
	"sync"
)

// randomSource is where random_get gets its bytes from. Only the deterministic source has a state that travels.
type randomSource struct {
	mu     sync.Mutex
	r      io.Reader
	seeded *chacha.ChaCha8
}

func newRandom(c *Config) *randomSource {
	if c.deterministic {
		var seed [32]byte
		binary.LittleEndian.PutUint64(seed[:], c.seed)
		return &randomSource{seeded: chacha.NewChaCha8(seed)}
	}
	if c.rand != nil {
		return &randomSource{r: c.rand}
	}
	return &randomSource{r: rand.Reader}
}

// fill fills b.
func (r *randomSource) fill(b []byte) error {
	if r.seeded == nil && r.r == rand.Reader {
		_, err := rand.Read(b) // needs no lock, and does not let b escape
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seeded != nil {
		_, err := r.seeded.Read(b)
		return err
	}
	_, err := io.ReadFull(r.r, b)
	return err
}

// freeze is the state of the deterministic source, or nil.
func (r *randomSource) freeze() ([]byte, error) {
	if r.seeded == nil {
		return nil, nil
	}
	return r.seeded.MarshalBinary()
}

func (s *System) randomGet(c call, a []uint64) error {
	b, err := c.mem.view(ptr(a[0]), ptr(a[1]))
	if err != nil {
		return err
	}
	if err := s.random.fill(b); err != nil {
		return errnoOf(err)
	}
	return nil
}
