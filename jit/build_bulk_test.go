package jit

import "testing"

// Chunks follow each other or overlap, leave nothing out, and end with the last byte.
func TestChunks(t *testing.T) {
	for _, widest := range []uint64{8, 16} {
		for n := uint64(1); n <= maxFilled; n++ {
			parts := chunks(n, widest)
			end := uint64(0)
			for i, c := range parts {
				if c.at > end || c.at+c.size <= end || c.size > widest || chunkTypes[c.size] == 0 || c.size > parts[0].size {
					t.Fatalf("%d bytes of at most %d at once: %v, chunk %d", n, widest, parts, i)
				}
				end = c.at + c.size
			}
			if end != n {
				t.Errorf("%d bytes of at most %d at once: %v", n, widest, parts)
			}
		}
	}
}
