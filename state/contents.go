package state

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/godwit-vm/godwit/wasm"
)

// contents reads where memory contents stand, in the data section and in godwit.data, but not the contents.
type contents struct {
	*parser
	next []uint64 // by memory: where the contents that come next may begin
	crc  uint32   // of what was read of the section at hand
}

// dataSection reads the headers of the segments.
func (c *contents) dataSection(s part) error {
	head, err := c.window(s.start, s.contents-s.start+maxCount, s.end, s.label())
	if err != nil {
		return err
	}
	d := &decoder{rest: head, base: s.start + int64(len(head)), section: s.label()}
	d.take(uint64(s.contents - s.start))
	count := d.uint()
	if d.err != nil {
		return d.err
	}
	pos := s.start + int64(len(head)-len(d.rest))
	c.crc = crc32.Checksum(head[:len(head)-len(d.rest)], castagnoli)
	buf := make([]byte, maxSegmentHeader)
	for ; count > 0; count-- {
		// A number of segments that the section cannot hold ends here, at the latest when its bytes are used up.
		if pos, err = c.segment(s, pos, buf); err != nil {
			return err
		}
	}
	if pos != s.end {
		return s.fail(ErrInvalid, "bytes left over")
	}
	return nil
}

// Bounds of what is read at once.
const (
	maxCount         = 10                                                // the number of segments
	maxSegmentHeader = 1 + 5 + 1 + 10 + 1 + 10                           // kind, memory, constant, end, length
	maxBlockHeader   = 1 + 10 + 10 + blockSize/granule*20 + 10 + granule // form, memory, count, runs, padding
)

// segment reads the header of the segment at pos and returns where the next one is.
func (c *contents) segment(s part, pos int64, buf []byte) (next int64, err error) {
	head := buf[:max(0, min(int64(len(buf)), s.end-pos))]
	if err := c.read(head, pos, s.label()); err != nil {
		return 0, err
	}
	d := &decoder{rest: head, base: pos + int64(len(head)), section: s.label()}
	var r run
	kind := d.byte()
	switch kind {
	case segmentActive:
	case segmentActiveMemory:
		r.memory = d.uint32()
	case segmentPassive:
		n := d.uint()
		if n >= granule {
			d.fail(ErrInvalid, "filler of %d bytes", n)
		}
		return c.filler(s, d, head, pos, int64(n))
	default:
		d.fail(ErrInvalid, "unknown kind %d of segment", kind)
	}
	if d.err == nil && uint64(r.memory) >= uint64(len(c.file.Memories)) {
		d.fail(ErrInvalid, "segment of memory %d of %d", r.memory, len(c.file.Memories))
	}
	if d.err != nil {
		return 0, d.err
	}
	r.off = d.constant(c.file.Memories[r.memory].Type.Is64)
	r.len = d.uint()
	if d.err != nil {
		return 0, d.err
	}
	used := int64(len(head) - len(d.rest))
	c.crc = crc32.Update(c.crc, castagnoli, head[:used])
	pos += used
	if c.short(r) || r.len > uint64(s.end-pos) {
		return 0, s.fail(ErrInvalid, "length of a segment")
	}
	if err := c.place(s, r); err != nil {
		return 0, err
	}
	for r.len > 0 {
		n := min(r.len, blockSize)
		b := block{pos: pos, stored: uint32(n), off: r.off, len: uint32(n)}
		if err := c.add(s, r.memory, b); err != nil {
			return 0, err
		}
		pos, r.off, r.len = pos+int64(n), r.off+n, r.len-n
	}
	return pos, nil
}

// filler steps over a passive segment of n bytes.
func (c *contents) filler(s part, d *decoder, head []byte, pos, n int64) (next int64, err error) {
	if d.err != nil {
		return 0, d.err
	}
	whole := make([]byte, int64(len(head)-len(d.rest))+n)
	if int64(len(whole)) > s.end-pos {
		return 0, s.fail(ErrInvalid, "length of a filler")
	}
	if err := c.read(whole, pos, s.label()); err != nil {
		return 0, err
	}
	c.crc = crc32.Update(c.crc, castagnoli, whole)
	return pos + int64(len(whole)), nil
}

// short tells whether r is too short: only what ends with a memory may have less than a granule, for its size need not
// be a multiple of that.
func (c *contents) short(r run) bool {
	return r.len == 0 || r.len < granule && r.off+r.len != c.file.Memories[r.memory].Source.Size()
}

// place checks that r is within its memory and does not overlap what came before.
func (c *contents) place(s part, r run) error {
	size := c.file.Memories[r.memory].Source.Size()
	if r.off > size || r.len > size-r.off {
		return s.fail(ErrInvalid, "contents outside of the memory")
	}
	if r.off < c.next[r.memory] {
		return s.fail(ErrInvalid, "contents that overlap or are out of order")
	}
	c.next[r.memory] = r.end()
	// A lead-in of zeros is not counted.
	c.file.Memories[r.memory].Source.(*fileSource).used += r.len - min(r.len, toGranule(r.off))
	return nil
}

// add takes the next checksum for b and gives b to its memory.
func (c *contents) add(s part, memory uint32, b block) error {
	if len(c.crcs) < 4 {
		return s.fail(ErrInvalid, "fewer checksums than blocks")
	}
	b.crc = binary.LittleEndian.Uint32(c.crcs)
	c.crcs = c.crcs[4:]
	src := c.file.Memories[memory].Source.(*fileSource)
	src.blocks = append(src.blocks, b)
	return nil
}

// blockSection reads the head of a godwit.data section.
func (c *contents) blockSection(s part) error {
	lead := s.body - s.start
	head, err := c.window(s.start, lead+maxBlockHeader, s.end, s.label())
	if err != nil {
		return err
	}
	d := &decoder{rest: head, base: s.start + int64(len(head)), section: s.label()}
	d.take(uint64(lead))
	b := block{form: d.byte()}
	if b.form != formRaw && b.form != formZstd {
		d.fail(ErrInvalid, "unknown form %d", b.form)
	}
	memory := d.uint32()
	if d.err == nil && uint64(memory) >= uint64(len(c.file.Memories)) {
		d.fail(ErrInvalid, "block of memory %d of %d", memory, len(c.file.Memories))
	}
	n := d.count("runs", 2, 0)
	if n > blockSize/granule {
		d.fail(ErrInvalid, "%d runs in a block", n)
		return d.err
	}
	g := list[run](n)
	total := uint64(0)
	for i := range g {
		g[i] = run{memory, d.uint(), d.uint()}
		if c.short(g[i]) || g[i].len > blockSize-total {
			d.fail(ErrInvalid, "run of %d bytes", g[i].len)
		}
		if d.err != nil {
			return d.err
		}
		if err := c.place(s, g[i]); err != nil {
			return err
		}
		total += g[i].len
	}
	d.take(d.uint())
	if d.err != nil {
		return d.err
	}
	c.crc = crc32.Checksum(head[:len(head)-len(d.rest)], castagnoli)
	b.pos = s.start + int64(len(head)-len(d.rest))
	stored := s.end - b.pos
	if len(g) == 0 || stored > blockSize || b.form == formRaw && uint64(stored) != total || stored == 0 {
		return s.fail(ErrInvalid, "length of a block")
	}
	b.stored, b.off, b.len = uint32(stored), g[0].off, uint32(total)
	if len(g) > 1 {
		b.scatter = g
	}
	return c.add(s, memory, b)
}

// constant reads the constant expression that is a segment's offset.
func (d *decoder) constant(is64 bool) uint64 {
	want, width := wasm.OpI32Const, 5
	if is64 {
		want, width = wasm.OpI64Const, 10
	}
	if op := d.byte(); d.err == nil && wasm.Op(op) != want {
		d.fail(ErrInvalid, "unexpected opcode 0x%02x in an offset", op)
	}
	v := d.sint(width)
	if !is64 {
		if v != int64(int32(v)) {
			d.fail(ErrInvalid, "offset has more than 32 bits")
		}
		v = int64(uint32(v))
	}
	if op := d.byte(); d.err == nil && wasm.Op(op) != wasm.OpEnd {
		d.fail(ErrInvalid, "an offset is more than a constant")
	}
	return uint64(v)
}
