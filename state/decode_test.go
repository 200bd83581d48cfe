package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

// readAll reads everything there is in a snapshot.
func readAll(b []byte) error {
	f, err := DecodeBytes(b, Limits{})
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Verify()
}

func TestDetect(t *testing.T) {
	snapshot := encoded(t, small(), Options{})
	packed := encoded(t, small(), Options{Compress: true})
	for _, c := range []struct {
		what   string
		prefix []byte
		want   bool
	}{
		{"a snapshot", snapshot, true},
		{"a compressed snapshot", packed, true},
		{"the first bytes of a snapshot", snapshot[:DetectSize], true},
		{"a module", guest, false},
		{"the empty module", []byte(preamble), false},
		{"nothing", nil, false},
		{"a module that begins with another custom section", []byte(preamble + "\x00\x06\x05hello"), false},
		{"a zstd frame", []byte("\x28\xB5\x2F\xFD\x04\x00\x41\x00\x00abcdefgh"), false},
	} {
		if got := Detect(c.prefix); got != c.want {
			t.Errorf("Detect(%s) = %v, want %v", c.what, got, c.want)
		}
		if err := readAll(c.prefix); !c.want && !errors.Is(err, ErrNotSnapshot) {
			t.Errorf("reading %s: %v, want ErrNotSnapshot", c.what, err)
		}
	}
}

// skipped tells whether a short test passes over byte i of a snapshot: it takes only samples of what is like its
// neighbours, memory contents for the most part.
func skipped(b []byte, i int) bool {
	return testing.Short() && i > 2000 && i < len(b)-2000 && i%97 != 0
}

func TestEveryChangedByteIsNoticed(t *testing.T) {
	for _, o := range []Options{{}, {Compress: true}} {
		b := encoded(t, small(), o)
		for i := range b {
			if skipped(b, i) {
				continue
			}
			for _, change := range []byte{0x01, 0x80, 0xFF} {
				b[i] ^= change
				err := readAll(b)
				b[i] ^= change
				var fe *FormatError
				if !errors.As(err, &fe) {
					t.Errorf("%+v: byte %#x changed by %#x: %v", o, i, change, err)
				}
			}
		}
	}
}

func TestEveryTruncationIsNoticed(t *testing.T) {
	for _, o := range []Options{{}, {Compress: true}} {
		b := encoded(t, small(), o)
		for n := range b {
			if skipped(b, n) {
				continue
			}
			want := ErrTruncated
			if !Detect(b[:n]) {
				want = ErrNotSnapshot
			}
			if err := readAll(b[:n]); !errors.Is(err, want) {
				t.Errorf("%+v: %d of %d bytes: %v, want %v", o, n, len(b), err, want)
			}
		}
	}
}

func TestTrailingBytesAreNoticed(t *testing.T) {
	b := encoded(t, small(), Options{})
	for _, tail := range []string{"\x00", "more", "\x00\x06\x05hello"} {
		if err := readAll(append(bytes.Clone(b), tail...)); err == nil {
			t.Errorf("%q after the end goes unnoticed", tail)
		}
	}
}

func TestOtherVersionsAreRefusedByName(t *testing.T) {
	at := bytes.Index(encoded(t, small(), Options{}), []byte(nameHeader)) + len(nameHeader)
	for _, c := range []struct {
		what  string
		off   int
		value byte
	}{
		{"version 0", 0, 0}, {"version", 0, 3}, {"flags", 5, 0x80}, {"checksum", 8, 9},
	} {
		b := encoded(t, small(), Options{})
		b[at+c.off] = c.value
		if err := readAll(b); !errors.Is(err, ErrVersion) {
			t.Errorf("unknown %s: %v, want ErrVersion", c.what, err)
		}
	}
}

// forged is the snapshot of small() with the bodies of sections exchanged for what change makes of them, and checksums
// that agree with it: the work of somebody who means harm.
func forged(t testing.TB, change func(name string, body []byte) []byte) []byte {
	t.Helper()
	b := encoded(t, small(), Options{})
	f := decoded(t, b)
	out := &sink{w: nil}
	var file bytes.Buffer
	file.WriteString(preamble)
	last := f.sections[len(f.sections)-1]
	d := &decoder{rest: b[last.body:last.end]}
	for range d.uint() {
		out.sums = append(out.sums, sum{id: d.byte(), size: d.uint(), crc: d.fixed32()})
	}
	for range d.uint() {
		out.crcs = append(out.crcs, d.fixed32())
	}
	for i, s := range f.sections[:len(f.sections)-1] {
		body := change(s.name, bytes.Clone(b[s.body:s.end]))
		if s.id == idData {
			file.Write(b[s.start:s.end])
			continue
		}
		var e encoder
		e.byte(s.id)
		e.uint(uint64(int(s.body-s.contents) + len(body)))
		e.raw(b[s.contents:s.body])
		e.raw(body)
		file.Write(e.buf)
		out.sums[i].size = uint64(int(s.body-s.contents) + len(body))
		out.sums[i].crc = crc32.Checksum(e.buf, castagnoli)
	}
	sealed(&file, out)
	return file.Bytes()
}

// sealed appends godwit.integrity.
func sealed(file *bytes.Buffer, s *sink) {
	w := newSink(file)
	w.sums, w.crcs = s.sums, s.crcs
	w.integrity()
	w.w.Flush()
}

// contradictions are programs that cannot be.
var contradictions = []struct {
	what string
	make func(*Program)
}{
	{"an instance of a module that is not there", func(p *Program) { p.Instances[0].Module = 2 }},
	{"an instance that imports a function that is not there", func(p *Program) { p.Instances[0].ImportedFuncs[0] = 1005 }},
	{"an instance with a table that is not there", func(p *Program) { p.Instances[0].Tables[1] = 5 }},
	{"an instance with a memory that is not there", func(p *Program) { p.Instances[1].Memories[0] = 6 }},
	{"an instance with a tag that is not there", func(p *Program) { p.Instances[1].Tags[1] = 2 }},
	{"an instance with a global that is not there", func(p *Program) { p.Instances[1].Globals[0] = math.MaxUint32 }},
	{"functions of an instance that is not there", func(p *Program) { p.Funcs[1].Instance = 2 }},
	{"functions that are imported and defined", func(p *Program) { p.Funcs[1].First = 0 }},
	{"functions that have two addresses", func(p *Program) { p.Funcs[3].Instance, p.Funcs[3].First = 0, 2 }},
	{"more functions than there are indices", func(p *Program) { p.Funcs[3].First = math.MaxUint32 }},
	{"a host function of a type that is none", func(p *Program) { p.Funcs[0].HostType.Params[1] = 0x40 }},
	{"a host function with a result that is none", func(p *Program) { p.Funcs[0].HostType.Results[0] = 0x17F }},
	{"a table of numbers", func(p *Program) { p.Tables[0].Type.Elem = wasm.I32 }},
	{"a table larger than its maximum", func(p *Program) { p.Tables[0].Type.Max = 4 }},
	{"a table smaller than its minimum", func(p *Program) { p.Tables[0].Type.Min = 6 }},
	{"a table with a maximum beyond all addresses", func(p *Program) { p.Tables[0].Type.Max = 1 << 32 }},
	{"a table with a function that is not there", func(p *Program) { p.Tables[0].Elems[0] = 1006 }},
	{"a memory larger than its maximum", func(p *Program) { p.Memories[0].Type.Max = 2 }},
	{"a memory smaller than its minimum", func(p *Program) { p.Memories[0].Type.Min = 4 }},
	{"a memory with a maximum beyond all addresses", func(p *Program) { p.Memories[0].Type.Max = 1<<16 + 1 }},
	{"a global with a function that is not there", func(p *Program) { p.Globals[5].Value.Bits = 1006 }},
	{"an idle thread that waits", func(p *Program) { p.Threads[1].HasPending = true }},
	{"a frame of an instance that is not there", func(p *Program) { p.Threads[0].Frames[2].Instance = 2 }},
	{"a frame of an imported function", func(p *Program) { p.Threads[0].Frames[0].Func = 0 }},
	{"a frame of a function that is not there", func(p *Program) { p.Threads[0].Frames[0].Func = 3 }},
	{"a frame that resumes outside of the module", func(p *Program) { p.Threads[0].Frames[0].Offset = uint32(len(guest)) }},
	{"a local with a function that is not there", func(p *Program) { p.Threads[0].Frames[1].Locals[1].Bits = 1006 }},
	{"an operand of a type that is none", func(p *Program) { p.Threads[0].Frames[1].Stack[0] = Value{Type: 0x40} }},
	{"an operand of a type below the top", func(p *Program) { p.Threads[2].Frames[0].Stack[0].Type = wasm.EqRef }},
	{"a host function with a type that is not there", func(p *Program) { p.Funcs[0].HostType.Params[1] = wasm.RefTo(10, true) }},
	{"a table of a type that is not there", func(p *Program) { p.Tables[2].Type.Elem = wasm.RefTo(10, true) }},
	{"a table without null that has it", func(p *Program) { p.Tables[2].Type.Elem = wasm.RefTo(1, false) }},
	{"a table of structures with an array", func(p *Program) { p.Tables[2].Elems[0] = ref(RefObject, 1) }},
	{"a table of exceptions with a structure", func(p *Program) { p.Tables[4].Elems[0] = ref(RefObject, 0) }},
	{"a shared memory without a maximum", func(p *Program) { p.Memories[4].Type.HasMax = false }},
	{"a memory of bytes beyond all addresses", func(p *Program) { p.Memories[5].Type.Limits = wasm.Limits{Max: 1<<32 + 1, HasMax: true} }},
	{"a global of a type that is not there", func(p *Program) { p.Globals[8].Type.Type = wasm.RefTo(10, true) }},
	{"a global with a value of another hierarchy", func(p *Program) { p.Globals[8].Value.Type = wasm.ExternRef }},
	{"a global of a subtype with its supertype", func(p *Program) {
		p.Globals[8].Type.Type, p.Globals[8].Value.Bits = wasm.RefTo(3, true), ref(RefObject, 0)
	}},
	{"a global that is never null, and null", func(p *Program) { p.Globals[9].Value.Bits = 0 }},
	{"an i31 of 32 bits", func(p *Program) { p.Globals[10].Value.Bits = ref(RefI31, 1<<31) }},
	{"an i31 that is something of the host's", func(p *Program) { p.Globals[10].Value.Bits = ref(RefHost, 1) }},
	{"an exception that is an i31", func(p *Program) { p.Globals[11].Value.Bits = ref(RefI31, 1) }},
	{"an exception that is an array", func(p *Program) { p.Globals[11].Value.Bits = ref(RefObject, 4) }},
	{"an exception as anyref", func(p *Program) { p.Globals[12].Value.Bits = ref(RefObject, 6) }},
	{"a reference of no kind", func(p *Program) { p.Globals[12].Value.Bits = ref(1, 1) }},
	{"a null type with a value", func(p *Program) { p.Globals[14].Value.Bits = ref(RefI31, 1) }},
	{"an object that is not there", func(p *Program) { p.Globals[15].Value.Bits = ref(RefObject, 10) }},
	{"a tag of a type that is not there", func(p *Program) { p.Tags[0].Type = 10 }},
	{"a tag of a structure", func(p *Program) { p.Tags[0].Type = 8 }},
	{"a tag with results", func(p *Program) { p.Tags[0].Type = 7 }},
	{"more objects than bytes", func(p *Program) { p.Heap.Objects = 1000 }},
	{"an object too many", func(p *Program) { p.Heap.Objects++ }},
	{"an object too few", func(p *Program) { p.Heap.Objects-- }},
	{"a heap that is cut short", func(p *Program) { p.Heap.Data = p.Heap.Data[:len(p.Heap.Data)-1] }},
	{"an object of a type that is not there", func(p *Program) { p.Heap.append(AppendObject(nil, 10)) }},
	{"an object of a function's type", func(p *Program) { p.Heap.append(AppendObject(nil, 0)) }},
	{"an exception of a tag that is not there", func(p *Program) { p.Heap.append(AppendException(nil, 2)) }},
	{"an array longer than the heap", func(p *Program) { p.Heap.append(AppendArray(nil, 4, math.MaxUint64)) }},
	{"an array of references longer than the heap", func(p *Program) { p.Heap.append(AppendArray(nil, 2, 1<<40)) }},
	{"an array whose bytes are more than 64 bits count", func(p *Program) { p.Heap.append(AppendArray(nil, 6, 1<<60)) }},
	{"a field with an object of another type", func(p *Program) {
		p.Heap.append(append(AppendRef(AppendObject(nil, 1), ref(RefObject, 3)), 0, 0, 0, 0))
	}},
	{"a field with an object that is not there", func(p *Program) { p.Heap.append(AppendRef(AppendArray(nil, 2, 1), ref(RefObject, 11))) }},
	{"a field with a reference that does not end", func(p *Program) { p.Heap.append(AppendArray(nil, 2, 1), bytes.Repeat([]byte{0xFF}, 12)) }},
}

// append appends an object.
func (h *Heap) append(parts ...[]byte) {
	h.Objects++
	h.Data = append(bytes.Clone(h.Data), bytes.Join(parts, nil)...)
}

func TestContradictionsAreNotWritten(t *testing.T) {
	for _, c := range contradictions {
		p := small()
		c.make(p)
		if err := Encode(io.Discard, p, Options{}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", c.what, err)
		}
	}
	for _, c := range []struct {
		what string
		make func(*Program)
	}{
		{"a run of several host functions", func(p *Program) { p.Funcs[0].Count = 2 }},
		{"a part of a page", func(p *Program) { p.Memories[0].Data = p.Memories[0].Data[:150_000] }},
		{"an i32 of 33 bits", func(p *Program) { p.Globals[0].Value.Bits = 1 << 32 }},
		{"an i64 of 65 bits", func(p *Program) { p.Globals[1].Value.Hi = 1 }},
		{"a global of two types", func(p *Program) { p.Globals[1].Type.Type = wasm.F64 }},
		{"an instance of a negative module", func(p *Program) { p.Instances[0].Module = -1 }},
		{"functions of a negative instance", func(p *Program) { p.Funcs[1].Instance = -2 }},
		{"a frame of a negative instance", func(p *Program) { p.Threads[0].Frames[2].Instance = -1 }},
		{"a group of no types", func(p *Program) { p.Types[0].GroupLen = 0 }},
		{"a group of more types than there are", func(p *Program) { p.Types[9].GroupLen = 2 }},
		{"groups that overlap", func(p *Program) { p.Types[2].Group, p.Types[2].GroupLen = 2, 1 }},
		{"a type that names a later one", func(p *Program) { p.Types[0].Params[1] = wasm.RefTo(1, true) }},
		{"a type that names what is none", func(p *Program) { p.Types[0].Params[1] = 0x40 }},
		{"a packed parameter", func(p *Program) { p.Types[0].Params[0] = wasm.I8 }},
		{"an exact field where the supertype's is not", func(p *Program) { p.Types[3].Fields[0].Type |= 1 << 9 }},
		{"a type whose supertype stands behind it", func(p *Program) { p.Types[3].Super = 3 }},
		{"a type that does not match its supertype", func(p *Program) { p.Types[3].Fields = p.Types[3].Fields[:1] }},
		{"a type with a final supertype", func(p *Program) { p.Types[1].Final = true }},
		{"two types that are the same", func(p *Program) { p.Types[5].Fields = p.Types[4].Fields }},
		{"a type that says it is another", func(p *Program) { p.Types[5].Canon = 4 }},
		{"an array of no elements' type", func(p *Program) { p.Types[5].Fields = nil }},
	} {
		p := small()
		c.make(p)
		if err := Encode(io.Discard, p, Options{}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", c.what, err)
		}
	}
}

func TestContradictionsAreNotRead(t *testing.T) {
	for _, c := range contradictions {
		p := small()
		c.make(p)
		b := forged(t, func(name string, body []byte) []byte {
			for _, b := range bodies {
				if b.name == name {
					var e encoder
					e.byte(formRaw)
					b.append(&e, p, Options{})
					return bytes.Join(e.finish(), nil)
				}
			}
			return body
		})
		if err := readAll(b); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", c.what, err)
		}
	}
}

// Each section's body is replaced by numbers that promise far more than there is: nothing may be allocated for it. (The
// test would not get through with the memory that it asks for.)
func TestHostileCounts(t *testing.T) {
	huge := binary.AppendUvarint(nil, math.MaxUint64)
	large := binary.AppendUvarint(nil, 1<<40)
	for _, b := range bodies {
		for _, count := range [][]byte{huge, large, {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}} {
			for lead := range 6 {
				body := append([]byte{formRaw, 1, 0, 0, 0, 0}[:1+min(lead, 5)], count...)
				err := readAll(forged(t, func(name string, old []byte) []byte {
					if name == b.name {
						return body
					}
					return old
				}))
				if err == nil {
					t.Errorf("%s with the body %x is accepted", b.name, body)
				}
			}
		}
	}
}

func TestBodyThatIsNotAsLongAsItShouldBe(t *testing.T) {
	for _, b := range bodies {
		for _, cut := range []int{-1, 1} {
			err := readAll(forged(t, func(name string, old []byte) []byte {
				switch {
				case name != b.name:
					return old
				case cut < 0:
					return old[:len(old)-1]
				}
				return append(old, 0)
			}))
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%s, %+d bytes: %v, want ErrInvalid", b.name, cut, err)
			}
		}
	}
}

func TestBombIsNotUnpacked(t *testing.T) {
	sec := &section{}
	sec.body.raw(make([]byte, 64<<20))
	if err := sec.pack(); err != nil {
		t.Fatal(err)
	}
	bomb := bytes.Join(sec.body.finish(), nil)
	b := forged(t, func(name string, old []byte) []byte {
		if name == nameResources {
			return bomb
		}
		return old
	})
	if _, err := DecodeBytes(b, Limits{Bytes: 1 << 20}); !errors.Is(err, ErrLimit) {
		t.Errorf("64 MiB of zeros: %v, want ErrLimit", err)
	}
	bomb[2] &^= 0x7F // a promise of less than there is
	if _, err := DecodeBytes(b, Limits{}); err == nil {
		t.Error("a frame with more than was promised is accepted")
	}
}

func TestEmbeddedModuleThatWasExchanged(t *testing.T) {
	p := small()
	p.Modules[0].Bytes = append([]byte(preamble), make([]byte, 400)...)
	if err := readAll(encoded(t, p, Options{})); !errors.Is(err, ErrChecksum) {
		t.Errorf("%v, want ErrChecksum", err)
	}
}

func TestLimits(t *testing.T) {
	b := encoded(t, everything(), Options{})
	for _, c := range []struct {
		what string
		l    Limits
	}{
		{"memory", Limits{MemoryBytes: 400_000}},
		{"bytes", Limits{Bytes: 1000}},
		{"objects", Limits{Objects: 1}},
		{"functions", Limits{Funcs: 1003}},
		{"elements", Limits{Elements: 6}},
		{"frames", Limits{Frames: 3}},
		{"values", Limits{Values: 10}},
		{"objects of the heap", Limits{HeapObjects: 9}},
		{"bytes of the heap", Limits{HeapBytes: uint64(len(heapObjects().Data)) - 1}},
	} {
		if _, err := DecodeBytes(b, c.l); !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v, want ErrLimit", c.what, err)
		}
	}
	exact := Limits{MemoryBytes: 9*wasm.PageSize + 2*granule + 3, Bytes: 1 << 20, Objects: 16, Funcs: 1005, Elements: 13, Frames: 4,
		Values: 20, HeapObjects: 10, HeapBytes: uint64(len(heapObjects().Data))}
	if _, err := DecodeBytes(b, exact); err != nil {
		t.Errorf("limits that are just met: %v", err)
	}
}

func TestSectionsWithoutEnd(t *testing.T) {
	b := encoded(t, &Program{}, Options{})
	end := bytes.LastIndex(b, []byte(nameIntegrity)) - 4
	b = append(b[:end], make([]byte, 1000*3)...)
	for i := end; i < len(b); i += 3 {
		copy(b[i:], []byte{idCustom, 1, 0}) // a custom section without a name
	}
	if _, err := DecodeBytes(b, Limits{Objects: 100, MemoryBytes: 1}); !errors.Is(err, ErrLimit) {
		t.Errorf("%v, want ErrLimit", err)
	}
}

// Headers of segments with something wrong in them. All of it is found before checksums are compared.
func TestHostileSegments(t *testing.T) {
	plain := encoded(t, everything(), Options{})
	var section part
	for _, s := range decoded(t, plain).sections {
		if s.id == idData {
			section = s
		}
	}
	first := section.contents + 5 // the first segment: kind, i32.const, five bytes, end, five bytes
	for _, c := range []struct {
		what  string
		off   int64
		bytes []byte
	}{
		{"more segments than there are", -5, []byte{0xFF, 0xFF, 0xFF, 0xFF, 0x0F}},
		{"fewer segments than there are", -5, []byte{0x82, 0x80, 0x80, 0x80, 0x00}},
		{"a kind that does not exist", 0, []byte{3}},
		{"a memory that does not exist", 0, []byte{2, 9}},
		{"a filler that is too long", 0, []byte{1, 0x80, 0x20}},
		{"a global as offset", 1, []byte{0x23}},
		{"an offset of 64 bits", 1, []byte{0x42}},
		{"an offset with more than 32 bits", 2, []byte{0x80, 0x80, 0x80, 0x80, 0x10}},
		{"an offset that does not end", 2, []byte{0x80, 0x80, 0x80, 0x80, 0x80}},
		{"an offset outside of the memory", 2, []byte{0x80, 0x80, 0x80, 0x80, 0x78}},
		{"an expression that goes on", 7, []byte{0x6A}},
		{"a length beyond the section", 8, []byte{0xFF, 0xFF, 0xFF, 0x7F, 0x00}},
		{"a length beyond the memory", 8, []byte{0x80, 0x80, 0x8C, 0x80, 0x00}},
		{"hardly any length", 8, []byte{0x81, 0x80, 0x80, 0x80, 0x00}},
	} {
		b := bytes.Clone(plain)
		copy(b[first+c.off:], c.bytes)
		if err := readAll(b); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", c.what, err)
		}
	}
}

// Heads of godwit.data sections with something wrong in them.
func TestHostileBlocks(t *testing.T) {
	head := func(values ...uint64) []byte {
		var e encoder
		for _, v := range values {
			e.uint(v)
		}
		return e.buf
	}
	for _, c := range []struct {
		what   string
		head   []byte
		stored int
	}{
		{"a form that does not exist", head(7, 0, 1, 0, 4096, 0), 4096},
		{"a memory that does not exist", head(formRaw, 6, 1, 0, 4096, 0), 4096},
		{"no runs", head(formZstd, 0, 0, 0), 10},
		{"more runs than there can be", head(formRaw, 0, 257, 0, 4096, 0), 4096},
		{"a run outside of the memory", head(formRaw, 0, 1, 3<<16, 4096, 0), 4096},
		{"a run whose end has more than 64 bits", head(formRaw, 0, 1, math.MaxUint64-4095, 4096, 0), 4096},
		{"a run of no length", head(formRaw, 0, 2, 0, 4096, 8192, 0, 0), 4096},
		{"runs longer than a block", head(formZstd, 0, 1, 0, 1<<20+4096, 0), 10},
		{"runs that overlap", head(formRaw, 0, 2, 0, 8192, 4096, 8192, 0), 16384},
		{"runs out of order", head(formRaw, 0, 2, 8192, 4096, 0, 4096, 0), 8192},
		{"fewer bytes than the runs have", head(formRaw, 0, 1, 0, 8192, 0), 4096},
		{"more bytes than the runs have", head(formRaw, 0, 1, 0, 4096, 0), 4097},
		{"no bytes", head(formZstd, 0, 1, 0, 4096, 0), 0},
		{"padding beyond the section", head(formRaw, 0, 1, 0, 4096, 5000), 4096},
		{"a frame that is none", head(formZstd, 0, 1, 0, 4096, 0), 100},
	} {
		t.Run(c.what, func(t *testing.T) {
			p := small()
			for i := range p.Memories {
				clear(p.Memories[i].Data)
			}
			b := withBlock(t, p, c.head, make([]byte, c.stored))
			if err := readAll(b); !errors.Is(err, ErrInvalid) {
				t.Errorf("%v, want ErrInvalid", err)
			}
		})
	}
}

// withBlock is the snapshot of p, which has no memory contents, with one godwit.data section.
func withBlock(t *testing.T, p *Program, head, stored []byte) []byte {
	t.Helper()
	b := encoded(t, p, Options{})
	f := decoded(t, b)
	last := f.sections[len(f.sections)-1]
	d := &decoder{rest: b[last.body:last.end]}
	var file bytes.Buffer
	s := newSink(&file)
	s.raw(b[:last.start])
	for range d.uint() {
		s.sums = append(s.sums, sum{id: d.byte(), size: d.uint(), crc: d.fixed32()})
	}
	var e encoder
	e.string(nameData)
	e.raw(head)
	s.begin(idCustom, uint64(len(e.buf)+len(stored)), 0)
	s.write(e.buf)
	s.payload(stored)
	s.end()
	s.integrity()
	s.w.Flush()
	return file.Bytes()
}

// failingReader fails from an offset on.
type failingReader struct {
	b  []byte
	at int64
}

var errDisk = errors.New("disk on fire")

func (r failingReader) ReadAt(b []byte, off int64) (int, error) {
	if off+int64(len(b)) > r.at {
		return 0, errDisk
	}
	return copy(b, r.b[off:]), nil
}

func TestFailureToReadIsReported(t *testing.T) {
	b := encoded(t, small(), Options{})
	for at := int64(0); at < int64(len(b)); at += 97 {
		if _, err := Decode(failingReader{b, at}, int64(len(b)), Limits{}); !errors.Is(err, errDisk) {
			t.Errorf("disk fails at %#x: %v, want %v", at, err, errDisk)
		}
	}
}

func TestLoadIntoTheWrongSize(t *testing.T) {
	f := decoded(t, encoded(t, everything(), Options{}))
	for _, m := range []*Memory{&f.Memories[0], &everything().Memories[0]} {
		for _, n := range []int{0, 1, int(m.Size()) - 1, int(m.Size()) + 1} {
			if err := m.LoadInto(make([]byte, n)); err == nil {
				t.Errorf("%d bytes are loaded into %d", m.Size(), n)
			}
		}
	}
}

func TestErrorsSayWhere(t *testing.T) {
	b := encoded(t, small(), Options{})
	b[len(b)-1] ^= 1
	last := bytes.LastIndex(b, []byte(nameIntegrity)) - 4
	err := readAll(b)
	want := fmt.Sprintf("snapshot: section godwit.integrity: at 0x%x: checksum mismatch", last)
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
