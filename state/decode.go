package state

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/godwit-vm/godwit/wasm"
)

// Decode reads the snapshot of size bytes in r, all but the memories' contents: those stay where they are until
// [Memory.LoadInto] asks for them, so r must stay usable. Everything that was read has been verified and checked.
func Decode(r io.ReaderAt, size int64, l Limits) (*File, error) {
	return decode(&File{r: r, size: size}, l)
}

func decode(f *File, l Limits) (*File, error) {
	p := &parser{file: f, limits: l.withDefaults()}
	p.left = p.limits.Bytes
	for _, step := range []func() error{
		p.walk, p.integrity, p.bodies, p.contents,
		func() error { return f.check(p.limits) },
		f.hashes,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// DecodeBytes reads a snapshot that is in memory. The file refers to b.
func DecodeBytes(b []byte, l Limits) (*File, error) {
	return Decode(bytes.NewReader(b), int64(len(b)), l)
}

// parser reads a snapshot.
type parser struct {
	file     *File
	limits   Limits
	left     uint64 // of limits.Bytes
	sections []part
	sums     []sum
	crcs     []byte // checksums of the blocks of payload that were not met yet
}

// part is a section as it stands in the file.
type part struct {
	id       byte
	name     string // of a custom section
	start    int64  // of the id
	contents int64  // of what the section's size counts
	body     int64  // of what follows the name; the contents when there is none
	end      int64
}

func (s part) label() string {
	switch s.id {
	case idCustom:
		return s.name
	case idMemory:
		return "memory"
	case idGlobal:
		return "global"
	case idData:
		return nameMemoryContents
	}
	return "unknown"
}

func (s part) fail(sentinel error, message string) error {
	return &FormatError{Offset: s.start, Section: s.label(), Message: message, Err: sentinel}
}

// read fills b from off on.
func (p *parser) read(b []byte, off int64, section string) error {
	n, err := p.file.r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return readError(off, section, err)
}

// window reads n bytes from off on, fewer when limit comes first.
func (p *parser) window(off, n, limit int64, section string) ([]byte, error) {
	b := make([]byte, max(0, min(n, limit-off)))
	return b, p.read(b, off, section)
}

// walk finds the sections and reads the header, first of all: what is not a snapshot, or one of another version, is to be
// recognised before anything else is looked at.
func (p *parser) walk() error {
	first, err := p.window(0, DetectSize, p.file.size, "")
	if err != nil {
		return err
	}
	if !Detect(first) {
		return &FormatError{Offset: 0, Err: ErrNotSnapshot}
	}
	for pos := int64(len(preamble)); pos < p.file.size; {
		s, err := p.sectionAt(pos)
		if err != nil {
			return err
		}
		if len(p.sections) == 0 {
			if err := p.header(s); err != nil {
				return err
			}
		}
		if n := uint64(len(p.sections)) + 1; n > p.maxSections() {
			return overLimit("", "sections", n, p.maxSections())
		}
		p.sections = append(p.sections, s)
		pos = s.end
	}
	if last := p.sections[len(p.sections)-1]; last.name != nameIntegrity {
		return &FormatError{Offset: p.file.size, Message: "no " + nameIntegrity + " at the end", Err: ErrTruncated}
	}
	p.file.sections = p.sections
	return nil
}

// maxSections is enough for a corestack of each thread, and for the memories in blocks of 64 KiB.
func (p *parser) maxSections() uint64 {
	return 64 + min(p.limits.Objects, math.MaxUint32) + min(p.limits.MemoryBytes/wasm.PageSize, math.MaxUint32)
}

// sectionAt reads what precedes a section's body. It reads 64 bytes, more than any known name needs.
func (p *parser) sectionAt(pos int64) (part, error) {
	head, err := p.window(pos, 64, p.file.size, "")
	if err != nil {
		return part{}, err
	}
	s := part{id: head[0], start: pos}
	size, n := binary.Uvarint(head[1:])
	if n == 0 {
		return part{}, &FormatError{Offset: p.file.size, Err: ErrTruncated}
	}
	if n < 0 || n > 5 || size > 1<<32-1 {
		return part{}, &FormatError{Offset: pos, Message: "malformed size of a section", Err: ErrInvalid}
	}
	s.contents = pos + 1 + int64(n)
	s.body = s.contents
	if size > uint64(p.file.size-s.contents) {
		return part{}, &FormatError{Offset: p.file.size, Err: ErrTruncated}
	}
	s.end = s.contents + int64(size)
	if s.id != idCustom {
		return s, nil
	}
	head = head[1+n:]
	head = head[:min(uint64(len(head)), size)]
	length, n := binary.Uvarint(head)
	if n <= 0 || length > uint64(len(head)-n) {
		return part{}, &FormatError{Offset: pos, Message: "malformed name of a section", Err: ErrInvalid}
	}
	s.name = string(head[n : n+int(length)])
	s.body += int64(n) + int64(length)
	return s, nil
}

// header reads godwit.header. Its version decides before its checksum: another version may have another one.
func (p *parser) header(s part) error {
	d, err := p.decoder(s, s.body)
	if err != nil {
		return err
	}
	version := d.fixed32()
	if d.err == nil && (version == 0 || version > Version) {
		return s.fail(ErrVersion, fmt.Sprintf("version %d", version))
	}
	flags := d.fixed32()
	if d.err == nil && flags&^knownFlags != 0 {
		return s.fail(ErrVersion, "unknown flags")
	}
	if sum := d.byte(); d.err == nil && sum != checksumCRC32C {
		return s.fail(ErrVersion, "unknown kind of checksum")
	}
	sec, nsec := int64(d.fixed64()), d.fixed32()
	if nsec >= uint32(time.Second) {
		d.fail(ErrInvalid, "%d nanoseconds are more than a second", nsec)
	}
	p.file.Created = time.Unix(sec, int64(nsec)).UTC()
	p.file.Safepoints = d.fixed64()
	p.file.Godwit = d.string()
	p.file.version, p.file.compressed = int(version), flags&flagCompressed != 0
	return d.end()
}

// decoder reads a section from off on.
func (p *parser) decoder(s part, off int64) (*decoder, error) {
	n := uint64(s.end - off)
	if n > min(p.left, math.MaxInt) {
		return nil, overLimit(s.label(), "bytes", n, p.limits.Bytes)
	}
	p.left -= n
	b := make([]byte, n)
	if err := p.read(b, off, s.label()); err != nil {
		return nil, err
	}
	return &decoder{rest: b, base: s.end, section: s.label(), version: p.file.version, limits: p.limits}, nil
}

// integrity reads the last section, verifies it, and compares what it says of the others with where they were found.
func (p *parser) integrity() error {
	s := p.sections[len(p.sections)-1]
	p.sections = p.sections[:len(p.sections)-1]
	d, err := p.decoder(s, s.start)
	if err != nil {
		return err
	}
	n := len(d.rest) - 4
	if n < 0 || p.file.differ(crc32.Checksum(d.rest[:n], castagnoli), binary.LittleEndian.Uint32(d.rest[n:])) {
		return s.fail(ErrChecksum, "")
	}
	d.take(uint64(s.body - s.start))
	p.sums = list[sum](d.count("sections", 6, 0))
	for i := range p.sums {
		p.sums[i] = sum{id: d.byte(), size: d.uint(), crc: d.fixed32()}
	}
	p.crcs = d.take(4 * uint64(d.count("blocks", 4, 0)))
	d.take(4)
	if err := d.end(); err != nil {
		return err
	}
	if len(p.sums) != len(p.sections) {
		return s.fail(ErrInvalid, "number of sections")
	}
	for i, sec := range p.sections {
		if p.sums[i].id != sec.id || p.sums[i].size != uint64(sec.end-sec.contents) {
			return sec.fail(ErrChecksum, "kind or size")
		}
	}
	return nil
}

// verify compares the checksum of a section, without payload, with what godwit.integrity says.
func (p *parser) verify(i int, crc uint32) error {
	if p.file.differ(p.sums[i].crc, crc) {
		return p.sections[i].fail(ErrChecksum, "")
	}
	return nil
}

// bodies verifies all sections but those with memory contents, and reads those that it knows.
func (p *parser) bodies() error {
	found := make(map[string]*decoder)
	for i, s := range p.sections {
		if s.id == idData || s.id == idCustom && s.name == nameData {
			continue
		}
		if s.id != idCustom || !p.isBody(s.name) {
			if err := p.skip(i); err != nil {
				return err
			}
			continue
		}
		d, err := p.decoder(s, s.start)
		if err != nil {
			return err
		}
		if err := p.verify(i, crc32.Checksum(d.rest, castagnoli)); err != nil {
			return err
		}
		if found[s.name] != nil {
			return s.fail(ErrInvalid, "stands twice")
		}
		d.take(uint64(s.body - s.start))
		found[s.name] = d
	}
	for _, b := range bodies {
		d := found[b.name]
		if p.file.version < b.since {
			continue
		}
		if d == nil {
			return &FormatError{Offset: -1, Section: b.name, Message: "missing", Err: ErrInvalid}
		}
		if err := p.unpack(d); err != nil {
			return err
		}
		b.read(d, &p.file.Program)
		if err := d.end(); err != nil {
			return err
		}
	}
	for i := range p.file.Memories {
		p.file.Memories[i].Source.(*fileSource).file = p.file
	}
	return nil
}

// isBody tells whether a section with that name holds a part of the program, in the file's version.
func (p *parser) isBody(name string) bool {
	return slices.ContainsFunc(bodies, func(b body) bool { return b.name == name && p.file.version >= b.since })
}

// skip verifies a section that is not read.
func (p *parser) skip(i int) error {
	s := p.sections[i]
	buf := make([]byte, min(64<<10, s.end-s.start))
	crc := uint32(0)
	for pos := s.start; pos < s.end; pos += int64(len(buf)) {
		b := buf[:min(int64(len(buf)), s.end-pos)]
		if err := p.read(b, pos, s.label()); err != nil {
			return err
		}
		crc = crc32.Update(crc, castagnoli, b)
	}
	return p.verify(i, crc)
}

// unpack decompresses the rest of a body when its form says so. Memory grows with what comes out, not with what is
// promised.
func (p *parser) unpack(d *decoder) error {
	switch form := d.byte(); form {
	case formRaw:
		return d.err
	case formZstd:
	default:
		d.fail(ErrInvalid, "unknown form %d", form)
		return d.err
	}
	size := d.uint()
	if d.err != nil {
		return d.err
	}
	if size > p.left {
		return overLimit(d.section, "bytes decompressed", size, p.limits.Bytes)
	}
	p.left -= size
	z, err := zstd.NewReader(bytes.NewReader(d.rest), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		d.fail(ErrInvalid, "zstd: %v", err)
		return d.err
	}
	defer z.Close()
	var out bytes.Buffer
	n, err := out.ReadFrom(io.LimitReader(z, int64(size)+1))
	if err != nil || uint64(n) != size {
		d.fail(ErrInvalid, "zstd frame does not hold %d bytes", size)
		return d.err
	}
	d.rest, d.packed = out.Bytes(), true
	return nil
}

// contents finds the blocks of memory contents.
func (p *parser) contents() error {
	c := &contents{parser: p, next: make([]uint64, len(p.file.Memories))}
	for i, s := range p.sections {
		var err error
		switch {
		case s.id == idData:
			err = c.dataSection(s)
		case s.id == idCustom && s.name == nameData:
			err = c.blockSection(s)
		default:
			continue
		}
		if err == nil {
			err = p.verify(i, c.crc)
		}
		if err != nil {
			return err
		}
	}
	if len(p.crcs) > 0 {
		return &FormatError{Offset: -1, Section: nameIntegrity, Message: "more blocks than there are", Err: ErrInvalid}
	}
	return nil
}
