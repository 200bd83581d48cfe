package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/wasm"
)

// encoded is p as a snapshot.
func encoded(t testing.TB, p *Program, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, p, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// decoded is the snapshot b as a program.
func decoded(t testing.TB, b []byte) *File {
	t.Helper()
	f, err := DecodeBytes(b, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

var optionCases = []Options{{}, {Compress: true}, {OmitModules: true}, {Compress: true, OmitModules: true}}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, o := range optionCases {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			want := everything()
			f := decoded(t, encoded(t, want, o))
			if err := f.Verify(); err != nil {
				t.Fatal(err)
			}
			if o.OmitModules {
				if f.Modules[0].Bytes != nil {
					t.Error("a module that was to be omitted is there")
				}
				f.Provide(guest)
			}
			if d := diff(t, want, &f.Program); d != "" {
				t.Errorf("(-written +read)\n%s", d)
			}
		})
	}
}

func TestWhatWasReadCanBeWrittenAgain(t *testing.T) {
	plain := encoded(t, everything(), Options{})
	packed := encoded(t, &decoded(t, plain).Program, Options{Compress: true})
	again := encoded(t, &decoded(t, packed).Program, Options{})
	if !bytes.Equal(plain, again) {
		t.Error("the plain form of a compressed snapshot differs from the plain snapshot that it was made of")
	}
}

func TestEmptyProgram(t *testing.T) {
	for _, o := range optionCases {
		f := decoded(t, encoded(t, &Program{}, o))
		if d := diff(t, &Program{}, &f.Program); d != "" {
			t.Errorf("%+v: (-written +read)\n%s", o, d)
		}
	}
}

func TestOmittedModulesAreToBeProvided(t *testing.T) {
	p := &Program{Modules: everything().Modules[:1]}
	f := decoded(t, encoded(t, p, Options{OmitModules: true}))
	if err := f.Complete(); !errors.Is(err, ErrModuleMissing) {
		t.Errorf("Complete: %v, want ErrModuleMissing", err)
	}
	if f.Provide([]byte("a module that the program is not made of")) {
		t.Error("Provide takes any binary")
	}
	if !f.Provide(guest) {
		t.Error("Provide does not take the binary that is missing")
	}
	if err := f.Complete(); err != nil {
		t.Errorf("Complete: %v", err)
	}
}

// scattered is a program whose memories have runs of all lengths.
func scattered(seed uint64) *Program {
	random := rand.New(rand.NewPCG(seed, 0))
	p := &Program{}
	for range 1 + random.IntN(3) {
		m := Memory{Data: make([]byte, random.IntN(60)*wasm.PageSize)}
		m.Type.Is64 = random.IntN(2) == 0
		for off := random.IntN(3) * granule; off < len(m.Data); {
			end := min(len(m.Data), off+(1+random.IntN(1<<random.IntN(11)))*granule)
			for ; off < end; off += granule {
				m.Data[off+random.IntN(granule)] = byte(1 + random.IntN(255))
			}
			off += (1 + random.IntN(1<<random.IntN(6))) * granule
		}
		p.Memories = append(p.Memories, m)
	}
	return p
}

func TestLargeRunsAreAligned(t *testing.T) {
	for seed := range uint64(30) {
		p := scattered(seed)
		f := decoded(t, encoded(t, p, Options{}))
		for i, m := range f.Memories {
			src := m.Source.(*fileSource)
			for _, r := range runs(uint32(i), p.Memories[i].Data) {
				if r.len < alignedRun {
					continue
				}
				for _, b := range src.blocks {
					if b.off < r.end() && r.off < b.off+uint64(b.len) && (uint64(b.pos)-b.off)%granule != 0 {
						t.Errorf("seed %d, memory %d: run %+v has a block at %#x for offset %#x", seed, i, r, b.pos, b.off)
					}
				}
			}
		}
	}
}

func TestZeroPagesAreLeftOut(t *testing.T) {
	p := &Program{Memories: []Memory{{Data: filled(512, 3, 300, 301)}}}
	for _, o := range []Options{{}, {Compress: true}} {
		b := encoded(t, p, o)
		if limit := 3*granule + 1000; len(b) > limit {
			t.Errorf("%+v: %d bytes for three pages, want at most %d", o, len(b), limit)
		}
		if used := decoded(t, b).Memories[0].Source.Used(); used != 3*granule {
			t.Errorf("%+v: %d bytes used, want %d", o, used, 3*granule)
		}
	}
}

// The data section's size has 32 bits; whatever its room is, what it cannot hold is elsewhere.
func TestDataSectionThatOverflows(t *testing.T) {
	for seed := range uint64(4) {
		p := scattered(seed)
		for _, room := range []uint64{0, 5, 4096, 4123, 100_000, 1 << 20, 1<<20 + 5000, 3 << 20} {
			var b bytes.Buffer
			if err := encode(&b, p, Options{}, room); err != nil {
				t.Fatal(err)
			}
			f := decoded(t, b.Bytes())
			for _, s := range f.sections {
				if size := uint64(s.end - s.contents); s.id == idData && size > room {
					t.Errorf("seed %d: data section of %d bytes in room %d", seed, size, room)
				}
			}
			if d := diff(t, p, &f.Program); d != "" {
				t.Errorf("seed %d, room %d: (-written +read)\n%s", seed, room, d)
			}
		}
	}
}

func TestCompressedMemoryOfManyRuns(t *testing.T) {
	for seed := range uint64(8) {
		p := scattered(seed)
		f := decoded(t, encoded(t, p, Options{Compress: true}))
		if err := f.Verify(); err != nil {
			t.Fatal(err)
		}
		if d := diff(t, p, &f.Program); d != "" {
			t.Errorf("seed %d: (-written +read)\n%s", seed, d)
		}
	}
}

func TestNoiseIsNotCompressed(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	p := &Program{Memories: []Memory{{Data: make([]byte, 40*wasm.PageSize)}}}
	for i := range p.Memories[0].Data {
		p.Memories[0].Data[i] = byte(random.Uint32())
	}
	f := decoded(t, encoded(t, p, Options{Compress: true}))
	for _, b := range f.Memories[0].Source.(*fileSource).blocks {
		if b.form != formRaw {
			t.Errorf("block at %#x takes %d bytes for %d", b.pos, b.stored, b.len)
		}
	}
	if d := diff(t, p, &f.Program); d != "" {
		t.Errorf("(-written +read)\n%s", d)
	}
}

// A snapshot is a module: what any reader of modules makes of its data section is the memories' contents.
func TestSnapshotIsAModule(t *testing.T) {
	for name, p := range map[string]*Program{"everything": everything(), "scattered": scattered(7), "empty": {}} {
		t.Run(name, func(t *testing.T) {
			m, err := wasm.Decode(encoded(t, p, Options{}), wasm.DefaultFeatures)
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Memories) != len(p.Memories) || len(m.Globals) != len(p.Globals) {
				t.Fatalf("%d memories and %d globals, want %d and %d", len(m.Memories), len(m.Globals), len(p.Memories), len(p.Globals))
			}
			got := make([][]byte, len(p.Memories))
			for i := range got {
				got[i] = make([]byte, m.Memories[i].Min*m.Memories[i].PageBytes())
			}
			for _, seg := range m.Datas {
				if seg.Mode == wasm.SegmentActive {
					copy(got[seg.Memory][constant(t, seg.Offset.Body):], seg.Init)
				}
			}
			for i := range got {
				if !bytes.Equal(got[i], p.Memories[i].Data) {
					t.Errorf("memory %d differs", i)
				}
			}
			if _, err := wasm.Decode(encoded(t, p, Options{Compress: true}), wasm.DefaultFeatures); err != nil {
				t.Errorf("compressed: %v", err)
			}
		})
	}
}

// constant evaluates i32.const or i64.const.
func constant(t *testing.T, body []byte) uint64 {
	t.Helper()
	d := &decoder{rest: body}
	v := d.constant(wasm.Op(body[0]) == wasm.OpI64Const)
	if err := d.end(); err != nil {
		t.Fatal(err)
	}
	return v
}

// limitedWriter fails when more than n bytes are written.
type limitedWriter struct{ n int }

var errFull = errors.New("no space left")

func (w *limitedWriter) Write(b []byte) (int, error) {
	if len(b) > w.n {
		return w.n, errFull
	}
	w.n -= len(b)
	return len(b), nil
}

func TestFailureToWriteIsReported(t *testing.T) {
	p := everything()
	p.Memories[1].Data = filled(100, span(0, 1599)...)
	for _, o := range optionCases {
		size := len(encoded(t, p, o))
		for n := 0; n < size; n += 1 + size/50 {
			if err := Encode(&limitedWriter{n}, p, o); !errors.Is(err, errFull) {
				t.Errorf("%+v: room for %d of %d bytes: %v, want %v", o, n, size, err, errFull)
			}
		}
	}
}

// brokenSource is a memory that cannot be read.
type brokenSource struct{}

func (brokenSource) Size() uint64          { return wasm.PageSize }
func (brokenSource) Used() uint64          { return wasm.PageSize }
func (brokenSource) LoadInto([]byte) error { return io.ErrClosedPipe }

func TestFailureToReadAMemoryIsReported(t *testing.T) {
	p := &Program{Memories: []Memory{{Source: brokenSource{}}}}
	if err := Encode(io.Discard, p, Options{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v, want %v", err, io.ErrClosedPipe)
	}
}

func TestCoreStack(t *testing.T) {
	p := everything()
	var e encoder
	appendCoreStack(&e, p, 0, [][]uint32{bodyOffsets(guest), nil})
	want := []string{
		"thread 0",
		"instance 0 func 2 offset 7: i32 3, i64 7 | i32 3, i64 7",
		"instance 1 func 2 offset 0: missing, missing, missing | f32 7f800000, f64 bff0000000000000",
		"instance 0 func 1 offset 9: i32 3, i64 0 | ",
	}
	if d := cmp.Diff(want, readCoreStack(t, e.buf)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// readCoreStack reads a corestack section by the letter of the tool conventions.
func readCoreStack(t *testing.T, b []byte) []string {
	t.Helper()
	d := &decoder{rest: b}
	d.byte()
	lines := []string{d.string()}
	for range d.uint() {
		d.byte()
		lines = append(lines, fmt.Sprintf("instance %d func %d offset %d: %s | %s",
			d.uint(), d.uint(), d.uint(), readCoreValues(d), readCoreValues(d)))
	}
	if err := d.end(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func readCoreValues(d *decoder) (s string) {
	for i := range d.uint() {
		if i > 0 {
			s += ", "
		}
		switch d.byte() {
		case 0x7F:
			s += fmt.Sprintf("i32 %d", d.sint(5))
		case 0x7E:
			s += fmt.Sprintf("i64 %d", d.sint(10))
		case 0x7D:
			s += fmt.Sprintf("f32 %x", d.fixed32())
		case 0x7C:
			s += fmt.Sprintf("f64 %x", d.fixed64())
		case 0x01:
			s += "missing"
		}
	}
	return s
}
