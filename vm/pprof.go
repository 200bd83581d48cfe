package vm

import (
	"compress/gzip"
	"encoding/binary"
	"io"
	"time"
)

// The format that `go tool pprof` and other viewers read: a message of protocol buffers, compressed with gzip. Its description is
// profile.proto of github.com/google/pprof; the numbers of fields below are from there. What is written here is a small part
// of it, so that it is written by hand.

// stackSample is a stack, innermost frame first, and how often it was seen.
type stackSample struct {
	frames []TraceFrame
	count  int64
}

// pprofile is what a profile says.
type pprofile struct {
	begin    time.Time
	took     time.Duration
	interval time.Duration // between samples
	samples  []stackSample
}

// protoWriter appends fields of protocol buffers.
type protoWriter struct{ b []byte }

func (p *protoWriter) tag(field, wire int) { p.b = binary.AppendUvarint(p.b, uint64(field<<3|wire)) }

// number is a field that is a varint; 0 is the default, which is not written.
func (p *protoWriter) number(field int, v uint64) {
	if v != 0 {
		p.tag(field, 0)
		p.b = binary.AppendUvarint(p.b, v)
	}
}

// text is a field of bytes.
func (p *protoWriter) text(field int, s string) {
	p.tag(field, 2)
	p.b = binary.AppendUvarint(p.b, uint64(len(s)))
	p.b = append(p.b, s...)
}

// message is a field that is a message of its own.
func (p *protoWriter) message(field int, fill func(*protoWriter)) {
	var m protoWriter
	fill(&m)
	p.text(field, string(m.b))
}

// numbers is a packed repeated field.
func (p *protoWriter) numbers(field int, vs []uint64) {
	var m protoWriter
	for _, v := range vs {
		m.b = binary.AppendUvarint(m.b, v)
	}
	p.text(field, string(m.b))
}

// numbering gives things numbers in the order in which they come.
type numbering[T comparable] struct {
	ids  map[T]uint64
	list []T
	base uint64 // of the first
}

func (n *numbering[T]) id(v T) uint64 {
	if id, ok := n.ids[v]; ok {
		return id
	}
	if n.ids == nil {
		n.ids = map[T]uint64{}
	}
	id := n.base + uint64(len(n.list))
	n.ids[v] = id
	n.list = append(n.list, v)
	return id
}

// pprofFunction is a function as a profile knows it, pprofLocation an instruction of one.
type (
	pprofFunction struct{ instance, name, file string }
	pprofLocation struct {
		function uint64
		offset   uint32
		line     int
	}
)

// writeTo writes the profile as `go tool pprof` reads it. Times are of the wall clock; each sample stands for one interval.
func (p *pprofile) writeTo(w io.Writer) error {
	var out protoWriter
	text := numbering[string]{}
	functions, locations := numbering[pprofFunction]{base: 1}, numbering[pprofLocation]{base: 1}
	text.id("") // has to be the first
	valueType := func(field int, name, unit string) {
		out.message(field, func(m *protoWriter) {
			m.number(1, text.id(name))
			m.number(2, text.id(unit))
		})
	}
	valueType(1, "samples", "count")
	valueType(1, "time", "nanoseconds")
	for _, s := range p.samples {
		var stack []uint64
		for _, f := range s.frames {
			fn := functions.id(pprofFunction{f.Instance, f.Name, f.File})
			stack = append(stack, locations.id(pprofLocation{fn, f.Offset, f.Line}))
		}
		out.message(2, func(m *protoWriter) {
			m.numbers(1, stack)
			m.numbers(2, []uint64{uint64(s.count), uint64(s.count) * uint64(p.interval)})
		})
	}
	for i, l := range locations.list {
		out.message(4, func(m *protoWriter) {
			m.number(1, uint64(i)+1)
			m.number(3, uint64(l.offset))
			m.message(4, func(m *protoWriter) {
				m.number(1, l.function)
				m.number(2, uint64(l.line))
			})
		})
	}
	for i, f := range functions.list {
		out.message(5, func(m *protoWriter) {
			m.number(1, uint64(i)+1)
			m.number(2, text.id(f.name))
			m.number(3, text.id(f.name))
			m.number(4, text.id(f.file))
		})
	}
	out.number(9, uint64(p.begin.UnixNano()))
	out.number(10, uint64(p.took))
	valueType(11, "time", "nanoseconds")
	out.number(12, uint64(p.interval))
	for _, s := range text.list {
		out.text(6, s)
	}
	z := gzip.NewWriter(w)
	if _, err := z.Write(out.b); err != nil {
		return err
	}
	return z.Close()
}
