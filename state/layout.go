package state

import (
	"bytes"

	"github.com/godwit-vm/godwit/wasm"
)

// run is a stretch of a memory that is to be written.
type run struct {
	memory uint32
	off    uint64 // in the memory
	len    uint64
}

func (r run) end() uint64 { return r.off + r.len }

// stretch is a part of a memory, from one offset to another.
type stretch struct{ from, to int }

// join appends s, and makes it one with the last stretch where they touch.
func join(all []stretch, s stretch) []stretch {
	if n := len(all); n > 0 && all[n-1].to == s.from {
		all[n-1].to = s.to
		return all
	}
	return append(all, s)
}

// runs returns the non-zero granules of data, neighbours joined, in ascending order. Where pages are of one byte the
// last granule may be a part of one.
func runs(memory uint32, data []byte) []run {
	var found []stretch
	for _, s := range touched(data) {
		for off := s.from; off < s.to; off += granule {
			end := min(off+granule, s.to)
			if !bytes.Equal(data[off:end], zeros[:end-off]) {
				found = join(found, stretch{off, end})
			}
		}
	}
	all := make([]run, len(found))
	for i, s := range found {
		all[i] = run{memory, uint64(s.from), uint64(s.to - s.from)}
	}
	return all
}

// allRuns returns the runs of all memories.
func allRuns(memories [][]byte) (all []run) {
	for i, data := range memories {
		all = append(all, runs(uint32(i), data)...)
	}
	return all
}

// segment is an element of the data section: its header, then a piece of a memory. A filler, which aligns what follows
// it, is all header.
type segment struct {
	run
	header []byte
}

// layout is the plan of the data section: what stands where, down to the byte, before anything is written.
type layout struct {
	pad      []byte // a custom section in front of the data section, whole; or nil
	size     uint64 // of the data section's contents
	segments []segment
	rest     []run // what the data section has no room for
}

// dataHeader is the length of what precedes the first segment: the section's id, its size and the number of segments,
// both of which are written with their full five bytes since they are known last.
const dataHeader = 1 + 5 + 5

// plan lays out the data section for a file in which pos bytes precede it. is64 tells by memory how it is addressed;
// room is the largest size of the section's contents.
func plan(pos uint64, all []run, is64 []bool, room uint64) *layout {
	l := &layout{}
	if len(all) == 0 {
		return l
	}
	if first := all[0]; first.off == 0 && first.len >= alignedRun {
		l.pad = padSection(pos + dataHeader + headerLen(first.memory, is64[first.memory]))
		pos += uint64(len(l.pad))
	}
	start := pos + dataHeader - 5
	at := pos + dataHeader // where the next segment goes
	for i, r := range all {
		head := headerLen(r.memory, is64[r.memory])
		var filler []byte
		if r.len >= alignedRun {
			if lead := toGranule(at + head); lead <= r.off {
				// What precedes the run is zero, or it would have begun earlier: the segment begins with a part of that.
				r.off, r.len = r.off-lead, r.len+lead
			} else {
				filler = fillerSegment(at + head)
			}
		}
		at += uint64(len(filler))
		if over := at + head + r.len; over > start+room {
			end := (r.end() - min(r.len, over-start-room)) &^ (granule - 1)
			if end < all[i].off+granule {
				l.rest = all[i:]
				at -= uint64(len(filler))
				break
			}
			l.rest = append([]run{{r.memory, end, r.end() - end}}, all[i+1:]...)
			r.len = end - r.off
		}
		if filler != nil {
			l.segments = append(l.segments, segment{header: filler})
		}
		l.segments = append(l.segments, segment{run: r, header: segmentHeader(r, is64[r.memory])})
		at += head + r.len
		if l.rest != nil {
			break
		}
	}
	l.size = at - start
	return l
}

// toGranule is how many bytes are missing at pos to the next multiple of a granule.
func toGranule(pos uint64) uint64 { return -pos & (granule - 1) }

// padSection makes a custom section of zeros that has the length with which pos, counted without it, is aligned.
func padSection(pos uint64) []byte {
	var e encoder
	fixed := uint64(1 + 2 + 1 + len(namePad))
	n := toGranule(pos + fixed)
	e.byte(idCustom)
	e.padded(1+uint64(len(namePad))+n, 2)
	e.string(namePad)
	e.raw(zeros[:n])
	return e.buf
}

// fillerSegment makes a passive segment of zeros (which nothing refers to) that has the length with which pos, counted
// without it, is aligned.
func fillerSegment(pos uint64) []byte {
	var e encoder
	n := toGranule(pos + 1 + 2)
	e.byte(segmentPassive)
	e.padded(n, 2)
	e.raw(zeros[:n])
	return e.buf
}

// headerLen is the length of segmentHeader. It depends on the memory alone.
func headerLen(memory uint32, is64 bool) uint64 {
	n := 1 + 1 + 5 + 1 + 5 // kind, i32.const, offset, end, length
	if is64 {
		n += 5
	}
	if memory > 0 {
		n += uintLen(uint64(memory))
	}
	return uint64(n)
}

// segmentHeader is what precedes the bytes of an active segment (specification 5.5.14), with numbers in full width.
func segmentHeader(r run, is64 bool) []byte {
	var e encoder
	if r.memory == 0 {
		e.byte(segmentActive)
	} else {
		e.byte(segmentActiveMemory)
		e.uint(uint64(r.memory))
	}
	if is64 {
		e.byte(byte(wasm.OpI64Const))
		e.paddedSigned(int64(r.off), 10)
	} else {
		e.byte(byte(wasm.OpI32Const))
		e.paddedSigned(int64(int32(r.off)), 5)
	}
	e.byte(byte(wasm.OpEnd))
	e.padded(r.len, 5)
	return e.buf
}
