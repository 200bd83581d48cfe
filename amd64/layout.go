package amd64

import (
	"encoding/binary"
	"fmt"

	"github.com/twitchyliquid64/golang-asm/obj"
)

// mark is a place in the code: behind so many instructions and so many gaps. When several gaps stand between two
// instructions their number tells the places between them apart.
type mark struct{ ins, gaps int32 }

// nowhere is the mark of a label that is not bound yet.
var nowhere = mark{-1, -1}

// label is the number of a mark that may be bound later.
type label int32

// gap is a place where a jump, or padding, is to be.
type gap struct {
	ins    int32 // instructions before it
	kind   gapKind
	cond   condition
	target label
	size   uint8
}

type gapKind uint8

const (
	gapJump  gapKind = iota // jmp target
	gapIf                   // jcc target
	gapCall                 // call target
	gapAlign                // the next instruction stands at a multiple of 16
)

// alignment is what gapAlign aligns to.
const alignment = 16

func (a *assembler) here() mark { return mark{int32(a.n), int32(len(a.gaps))} }

func (a *assembler) newLabel() label {
	a.labels = append(a.labels, nowhere)
	return label(len(a.labels) - 1)
}

func (a *assembler) bind(l label) { a.labels[l] = a.here() }

// bound makes a label that is here.
func (a *assembler) bound() label {
	l := a.newLabel()
	a.bind(l)
	return l
}

func (a *assembler) jump(l label) { a.gap(gap{kind: gapJump, target: l}) }

func (a *assembler) jumpIf(c condition, l label) { a.gap(gap{kind: gapIf, cond: c, target: l}) }

func (a *assembler) call(l label) { a.gap(gap{kind: gapCall, target: l}) }

func (a *assembler) align() { a.gap(gap{kind: gapAlign}) }

func (a *assembler) gap(g gap) {
	g.ins = int32(a.n)
	a.gaps = append(a.gaps, g)
}

// pool is what stands behind the code: constants and jump tables.
type pool struct {
	sym    obj.LSym
	bytes  []byte
	found  map[constant]int64
	tables []tableEntry
}

// constant is a constant in the pool, by its bits and size.
type constant struct {
	lo, hi uint64
	size   int
}

// tableEntry is a word of a jump table: the distance of target from the table's begin.
type tableEntry struct {
	at, table int
	target    label
}

func (p *pool) reset() {
	p.bytes = p.bytes[:0]
	p.tables = p.tables[:0]
	clear(p.found)
}

// place makes room for size bytes at a multiple of align.
func (p *pool) place(size, align int) int64 {
	for len(p.bytes)%align != 0 {
		p.bytes = append(p.bytes, 0)
	}
	at := len(p.bytes)
	p.bytes = append(p.bytes, make([]byte, size)...)
	return int64(at)
}

// inPool is the constant of 4, 8 or 16 bytes, as an operand.
func (a *assembler) inPool(lo, hi uint64, size int) operand {
	c := constant{lo, hi, size}
	at, ok := a.pool.found[c]
	if !ok {
		at = a.pool.place(size, size)
		var b [16]byte
		binary.LittleEndian.PutUint64(b[:], lo)
		binary.LittleEndian.PutUint64(b[8:], hi)
		copy(a.pool.bytes[at:], b[:size])
		if a.pool.found == nil {
			a.pool.found = make(map[constant]int64)
		}
		a.pool.found[c] = at
	}
	return a.poolOperand(at)
}

func (a *assembler) poolOperand(at int64) operand {
	return operand{Addr: obj.Addr{Type: obj.TYPE_MEM, Name: obj.NAME_EXTERN, Sym: &a.pool.sym, Offset: at}}
}

// table puts a jump table into the pool and returns it as an operand.
func (a *assembler) table(targets []label) operand {
	at := a.pool.place(4*len(targets), 4)
	for i, t := range targets {
		a.pool.tables = append(a.pool.tables, tableEntry{int(at) + 4*i, int(at), t})
	}
	return a.poolOperand(at)
}

// placement says where marks are in the finished code.
type placement struct {
	a      *assembler
	before []int32 // by gap: bytes of the gaps before it; one more entry for all
	size   int32   // of the straight line
}

// straight is the offset of instruction i without gaps.
func (p *placement) straight(i int32) int32 {
	if int(i) >= p.a.n {
		return p.size
	}
	return int32(p.a.at(int(i)).Pc)
}

func (p *placement) offset(m mark) int { return int(p.straight(m.ins) + p.before[m.gaps]) }

func (p *placement) label(l label) int { return p.offset(p.a.labels[l]) }

// finish makes the code.
func (a *assembler) finish() ([]byte, *placement, error) {
	line, relocs := a.assemble()
	if len(a.errs) > 0 {
		return nil, nil, a.errs[0]
	}
	if len(relocs) != len(a.refs) {
		return nil, nil, fmt.Errorf("amd64: %d relocations for %d operands", len(relocs), len(a.refs))
	}
	p := &placement{a: a, before: make([]int32, len(a.gaps)+1), size: int32(len(line))}
	for i := range a.gaps {
		if g := &a.gaps[i]; g.kind != gapAlign && a.labels[g.target] == nowhere {
			return nil, nil, fmt.Errorf("amd64: a jump to a label that is nowhere")
		}
	}
	p.sizeGaps()

	total := int(p.size + p.before[len(a.gaps)])
	base := total
	if len(a.pool.bytes) > 0 {
		base = (total + 15) &^ 15
	}
	code := make([]byte, base+len(a.pool.bytes))
	p.copyLine(code, line)
	fillTraps(code[total:base])
	p.fillPool(code, base)
	for i, r := range relocs {
		at := int(r.Off) + int(p.before[a.refs[i].gaps])
		binary.LittleEndian.PutUint32(code[at:], uint32(base+int(r.Add)-(at+4)))
	}
	return code, p, nil
}

// sizeGaps chooses between short and long jumps. It begins with short ones and makes long what does not reach, until nothing
// changes; padding counts as much as it may get. A program whose jumps grow one after the other gets long ones after some rounds.
func (p *placement) sizeGaps() {
	const rounds = 10
	for i := range p.a.gaps {
		g := &p.a.gaps[i]
		switch g.kind {
		case gapCall:
			g.size = 5
		case gapAlign:
			g.size = alignment - 1
		default:
			g.size = 2
		}
	}
	for round := 0; ; round++ {
		p.sum()
		changed := false
		for i := range p.a.gaps {
			g := &p.a.gaps[i]
			if g.size != 2 || g.kind > gapIf {
				continue
			}
			end := p.straight(g.ins) + p.before[i] + 2
			if d := p.label(g.target) - int(end); d != int(int8(d)) || round >= rounds {
				g.size = 5
				if g.kind == gapIf {
					g.size = 6
				}
				changed = true
			}
		}
		if !changed {
			break
		}
	}
	// Paddings shrink now. A jump over one gets no longer by that, and one that was short stays so.
	var before int32
	for i := range p.a.gaps {
		g := &p.a.gaps[i]
		p.before[i] = before
		if g.kind == gapAlign {
			g.size = uint8(-(p.straight(g.ins) + before) & (alignment - 1))
		}
		before += int32(g.size)
	}
	p.before[len(p.a.gaps)] = before
}

func (p *placement) sum() {
	var before int32
	for i := range p.a.gaps {
		p.before[i] = before
		before += int32(p.a.gaps[i].size)
	}
	p.before[len(p.a.gaps)] = before
}

// copyLine puts the straight line and what belongs into its gaps into code.
func (p *placement) copyLine(code, line []byte) {
	from, to := 0, 0
	for i := range p.a.gaps {
		g := &p.a.gaps[i]
		at := int(p.straight(g.ins))
		to += copy(code[to:], line[from:at])
		from = at
		end := to + int(g.size)
		switch {
		case g.kind == gapAlign:
			fillNops(code[to:end])
		case g.size == 2:
			op := byte(0xEB)
			if g.kind == gapIf {
				op = 0x70 | byte(g.cond)
			}
			code[to], code[to+1] = op, byte(p.label(g.target)-end)
		default:
			switch g.kind {
			case gapJump:
				code[to] = 0xE9
			case gapCall:
				code[to] = 0xE8
			case gapIf:
				code[to], code[to+1] = 0x0F, 0x80|byte(g.cond)
			}
			binary.LittleEndian.PutUint32(code[end-4:], uint32(p.label(g.target)-end))
		}
		to = end
	}
	copy(code[to:], line[from:])
}

func (p *placement) fillPool(code []byte, base int) {
	copy(code[base:], p.a.pool.bytes)
	for _, t := range p.a.pool.tables {
		binary.LittleEndian.PutUint32(code[base+t.at:], uint32(p.label(t.target)-(base+t.table)))
	}
}

// nops are the instructions that do nothing, by length.
var nops = [...]string{
	1: "\x90",
	2: "\x66\x90",
	3: "\x0F\x1F\x00",
	4: "\x0F\x1F\x40\x00",
	5: "\x0F\x1F\x44\x00\x00",
	6: "\x66\x0F\x1F\x44\x00\x00",
	7: "\x0F\x1F\x80\x00\x00\x00\x00",
	8: "\x0F\x1F\x84\x00\x00\x00\x00\x00",
	9: "\x66\x0F\x1F\x84\x00\x00\x00\x00\x00",
}

func fillNops(b []byte) {
	for len(b) > 0 {
		b = b[copy(b, nops[min(len(b), len(nops)-1)]):]
	}
}

// fillTraps fills what is never executed.
func fillTraps(b []byte) {
	for i := range b {
		b[i] = 0xCC
	}
}
