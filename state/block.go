package state

import (
	"iter"
	"runtime"

	"github.com/klauspost/compress/zstd"
)

// group is the runs, all of one memory, whose bytes make up a block of at most blockSize bytes.
type group []run

func (r run) of(memories [][]byte) []byte { return memories[r.memory][r.off:r.end():r.end()] }

// len is the number of the block's bytes before compression.
func (g group) len() (n uint64) {
	for _, r := range g {
		n += r.len
	}
	return n
}

// gather returns the block's bytes: as they stand in memory when they are in one piece, else copied to buf[:0].
func (g group) gather(buf []byte, memories [][]byte) []byte {
	if len(g) == 1 {
		return g[0].of(memories)
	}
	buf = buf[:0]
	for _, r := range g {
		buf = append(buf, r.of(memories)...)
	}
	return buf
}

// groups cuts and joins runs to groups.
func groups(all []run) iter.Seq[group] {
	return func(yield func(group) bool) {
		var g group
		room := uint64(blockSize)
		for _, r := range all {
			for r.len > 0 {
				if len(g) > 0 && (room == 0 || g[0].memory != r.memory) {
					if !yield(g) {
						return
					}
					g, room = nil, blockSize
				}
				n := min(r.len, room)
				g = append(g, run{r.memory, r.off, n})
				r.off, r.len, room = r.off+n, r.len-n, room-n
			}
		}
		if len(g) > 0 {
			yield(g)
		}
	}
}

// zstdWriterOptions: what a snapshot waits for is the disk or the network, so the fastest level, which still finds most
// of what there is in a memory's pages. godwit.integrity has the checksum.
func zstdWriterOptions() []zstd.EOption {
	return []zstd.EOption{zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0))}
}

// compressed writes the memories' contents as compressed blocks. They are compressed on all cores and written in order;
// no more blocks exist at a time than there are cores, and one. All work has ended when it returns.
func (s *sink) compressed(memories [][]byte) error {
	z, err := zstd.NewWriter(nil, zstdWriterOptions()...)
	if err != nil {
		return err
	}
	defer z.Close()
	type job struct {
		group group
		out   chan []byte
	}
	var queue []job
	write := func() {
		g, out := queue[0].group, <-queue[0].out
		if uint64(len(out)) < g.len() {
			s.block(g, formZstd, out)
		} else {
			s.block(g, formRaw, g.gather(out, memories))
		}
		queue = queue[1:]
	}
	for g := range groups(allRuns(memories)) {
		if s.err != nil {
			break
		}
		if len(queue) > runtime.GOMAXPROCS(0) {
			write()
		}
		j := job{g, make(chan []byte, 1)}
		queue = append(queue, j)
		go func() { j.out <- z.EncodeAll(j.group.gather(nil, memories), nil) }()
	}
	for len(queue) > 0 {
		write()
	}
	return nil
}
