package state

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
)

// Options say how a snapshot is written. The zero value is what restores fastest.
type Options struct {
	// Compress packs everything with zstd. The file remains a module whose stack and globals other tools can read,
	// but its memories' contents are then in sections that only godwit knows.
	Compress bool
	// OmitModules leaves the modules' binaries out; who restores the program must have them: see [Program.Provide].
	OmitModules bool
}

// Encode writes p as a snapshot. Memories are written from where they are, without a copy; nothing of p is changed, and
// the program must stand still until Encode returns. The bytes on w are useless when Encode returns an error.
//
// The hashes in p.Modules are taken on trust: computing them again would cost more than writing a small program.
func Encode(w io.Writer, p *Program, o Options) error {
	return encode(w, p, o, maxDataSection)
}

// encode is Encode with the room in the data section as a parameter, for tests.
func encode(w io.Writer, p *Program, o Options, room uint64) error {
	if err := p.check(noLimits); err != nil {
		return err
	}
	if err := p.checkTypesAreRead(); err != nil {
		return err
	}
	memories, err := p.contents()
	if err != nil {
		return err
	}
	s := newSink(w)
	s.raw([]byte(preamble))
	for _, sec := range p.sections(o) {
		if o.Compress && sec.packable {
			if err := sec.pack(); err != nil {
				return err
			}
		}
		s.section(sec)
	}
	if o.Compress {
		err = s.compressed(memories)
	} else {
		s.plain(p, memories, room)
	}
	if err != nil {
		return err
	}
	s.integrity()
	if s.err != nil {
		return s.err
	}
	return s.w.Flush()
}

// contents gives every memory's bytes: those of the live memory, or else what its source has.
func (p *Program) contents() ([][]byte, error) {
	all := make([][]byte, len(p.Memories))
	for i := range p.Memories {
		m := &p.Memories[i]
		if all[i] = m.Data; m.Source == nil {
			continue
		}
		if m.Size() > math.MaxInt {
			return nil, overLimit(nameMemories, "bytes of a memory", m.Size(), math.MaxInt)
		}
		all[i] = make([]byte, m.Size())
		if err := m.LoadInto(all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// section is a section to be written, all but memory contents.
type section struct {
	id       byte
	name     string // of a custom section
	packable bool   // its body begins with its form, and may be compressed
	body     encoder
}

// pack compresses the body.
func (sec *section) pack() error {
	var out writeBuffer
	z, err := zstd.NewWriter(&out, zstdWriterOptions()...)
	if err != nil {
		return err
	}
	size := 0
	for _, part := range sec.body.finish() {
		size += len(part)
		if _, err := z.Write(part); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	sec.body = encoder{}
	sec.body.byte(formZstd)
	sec.body.uint(uint64(size))
	sec.body.parts = append(sec.body.parts, sec.body.buf, out)
	sec.body.buf = nil
	sec.packable = false
	return nil
}

// writeBuffer is a bytes.Buffer of which nothing but the bytes is wanted.
type writeBuffer []byte

func (b *writeBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

// sections builds what precedes the memories' contents, in the order of the file.
func (p *Program) sections(o Options) []*section {
	var all []*section
	add := func(id byte, name string, packable bool) *encoder {
		sec := &section{id: id, name: name, packable: packable}
		all = append(all, sec)
		return &sec.body
	}
	appendHeader(add(idCustom, nameHeader, false), p, o)
	appendCore(add(idCustom, nameCore, false), p)
	appendCoreModules(add(idCustom, nameCoreModules, false), p)
	appendCoreInstances(add(idCustom, nameCoreInstances, false), p)
	offsets := make([][]uint32, len(p.Modules))
	for i := range p.Modules {
		offsets[i] = bodyOffsets(p.Modules[i].Bytes)
	}
	for i := range p.Threads {
		appendCoreStack(add(idCustom, nameCoreStack, false), p, i, offsets)
	}
	for _, b := range bodies {
		b.append(add(idCustom, b.name, true), p, o)
	}
	if len(p.Memories) > 0 {
		appendMemorySection(add(idMemory, "", false), p)
	}
	if len(p.Globals) > 0 {
		appendGlobalSection(add(idGlobal, "", false), p)
	}
	return all
}

func appendHeader(e *encoder, p *Program, o Options) {
	var flags uint32
	if o.Compress {
		flags |= flagCompressed
	}
	e.fixed32(Version)
	e.fixed32(flags)
	e.byte(checksumCRC32C)
	e.fixed64(uint64(p.Created.Unix()))
	e.fixed32(uint32(p.Created.Nanosecond()))
	e.fixed64(p.Safepoints)
	e.string(p.Godwit)
}

// sink writes sections and remembers what godwit.integrity says of them. The first failure to write stays in err.
type sink struct {
	w    *bufio.Writer
	pos  uint64
	crc  uint32 // of the section being written, payload not included
	err  error
	sums []sum    // of the sections
	crcs []uint32 // of the blocks of payload
}

func newSink(w io.Writer) *sink { return &sink{w: bufio.NewWriterSize(w, 256<<10)} }

// sum is what godwit.integrity says of a section.
type sum struct {
	id   byte
	size uint64 // of its contents
	crc  uint32
}

func (s *sink) raw(b []byte) {
	if s.err == nil {
		_, s.err = s.w.Write(b)
	}
	s.pos += uint64(len(b))
}

// write writes bytes that the section's checksum covers.
func (s *sink) write(b []byte) {
	s.crc = crc32.Update(s.crc, castagnoli, b)
	s.raw(b)
}

// payload writes memory contents, block by block.
func (s *sink) payload(b []byte) {
	for len(b) > 0 && s.err == nil {
		n := min(len(b), blockSize)
		s.crcs = append(s.crcs, crc32.Checksum(b[:n], castagnoli))
		s.raw(b[:n])
		b = b[n:]
	}
}

// begin writes a section's id and the size of its contents, which is padded to pad bytes unless that is 0.
func (s *sink) begin(id byte, size uint64, pad int) {
	if size > 1<<32-1 && s.err == nil {
		s.err = errors.New("snapshot: a section is larger than 4 GiB")
	}
	var e encoder
	e.byte(id)
	e.padded(size, max(pad, uintLen(size)))
	s.crc = 0
	s.write(e.buf)
	s.sums = append(s.sums, sum{id: id, size: size})
}

func (s *sink) end() { s.sums[len(s.sums)-1].crc = s.crc }

func (s *sink) section(sec *section) {
	var head encoder
	if sec.id == idCustom {
		head.string(sec.name)
	}
	if sec.packable {
		head.byte(formRaw)
	}
	parts := sec.body.finish()
	size := uint64(len(head.buf))
	for _, part := range parts {
		size += uint64(len(part))
	}
	s.begin(sec.id, size, 0)
	s.write(head.buf)
	for _, part := range parts {
		s.write(part)
	}
	s.end()
}

// plain writes the memories' contents as a data section, and what that has no room for as blocks.
func (s *sink) plain(p *Program, memories [][]byte, room uint64) {
	is64 := make([]bool, len(memories))
	for i := range p.Memories {
		is64[i] = p.Memories[i].Type.Is64
	}
	l := plan(s.pos, allRuns(memories), is64, room)
	if l.pad != nil {
		_, n := binary.Uvarint(l.pad[1:])
		s.sums = append(s.sums, sum{id: idCustom, size: uint64(len(l.pad) - 1 - n), crc: crc32.Checksum(l.pad, castagnoli)})
		s.raw(l.pad)
	}
	if len(l.segments) > 0 {
		var count encoder
		count.padded(uint64(len(l.segments)), 5)
		s.begin(idData, l.size, 5)
		s.write(count.buf)
		for _, seg := range l.segments {
			s.write(seg.header)
			s.payload(seg.of(memories))
		}
		s.end()
	}
	for group := range groups(l.rest) {
		s.block(group, formRaw, group.gather(nil, memories))
	}
}

// block writes a section with a block of memory, as it is or compressed.
func (s *sink) block(g group, form byte, stored []byte) {
	var e encoder
	e.string(nameData)
	e.byte(form)
	e.uint(uint64(g[0].memory))
	e.uint(uint64(len(g)))
	for _, r := range g {
		e.uint(r.off)
		e.uint(r.len)
	}
	const sizeLen = 3 // of a section of at most blockSize and a little
	lead := uint64(0)
	if form == formRaw {
		lead = toGranule(s.pos + 1 + sizeLen + uint64(len(e.buf)) + 2)
	}
	e.padded(lead, 2)
	e.raw(zeros[:lead])
	s.begin(idCustom, uint64(len(e.buf)+len(stored)), sizeLen)
	s.write(e.buf)
	s.payload(stored)
	s.end()
}

// integrity writes the last section: the checksums of all others, of the payload's blocks, and its own.
func (s *sink) integrity() {
	var e encoder
	e.string(nameIntegrity)
	e.uint(uint64(len(s.sums)))
	for _, sum := range s.sums {
		e.byte(sum.id)
		e.uint(sum.size)
		e.fixed32(sum.crc)
	}
	e.uint(uint64(len(s.crcs)))
	for _, crc := range s.crcs {
		e.fixed32(crc)
	}
	s.begin(idCustom, uint64(len(e.buf)+4), 0)
	s.write(e.buf)
	s.raw(binary.LittleEndian.AppendUint32(nil, s.crc))
}
