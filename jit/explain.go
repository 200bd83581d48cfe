package jit

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit/ir"
)

// Explanation says what Explain is to write.
type Explanation struct {
	Phases bool // the SSA after each phase
	Loops  bool // the units of the function's loops as well
}

// Explain compiles a function for this machine, without running it, and writes what became of it: SSA and machine code side by side.
func Explain(w io.Writer, m *interp.Module, fn uint32, o Explanation) error {
	target, err := hostTarget()
	if err != nil {
		return err
	}
	loops, err := explain(w, target, m, unitKey{fn: fn, loop: -1}, o)
	if err != nil || !o.Loops {
		return err
	}
	for _, loop := range loops {
		if _, err := explain(w, target, m, unitKey{fn: fn, loop: loop}, o); err != nil {
			return err
		}
	}
	return nil
}

// explain writes of one unit, and returns which loops are in it.
func explain(w io.Writer, target BackEnd, m *interp.Module, key unitKey, o Explanation) (loops []int, err error) {
	unit := fmt.Sprintf("function %d %q", key.fn, m.Wasm().FuncName(key.fn))
	if key.loop >= 0 {
		unit += fmt.Sprintf(", loop at %d", key.loop)
	}
	c := compilation{target: target, verify: true}
	c.see = func(phase string, f *ir.Func) {
		if phase == phaseBuild {
			loops = polls(f)
		}
		if o.Phases {
			fmt.Fprintf(w, "%s after %s\n%s\n", unit, phase, f)
		}
	}
	if err := c.run(m, key, Options{Target: target, Memory: m.ExpectedNativeMemory()}); err != nil {
		_, err := fmt.Fprintf(w, "%s is left to the interpreter: %v\n\n", unit, err)
		return loops, err
	}
	l := listing{code: c.code}
	fmt.Fprintf(&l.b, "%s: %d bytes of wasm, %d values, %d spilled words, %d bytes of frame, %d bytes of code, %d sites\n", unit,
		bodyLen(m, key.fn), c.f.NumValues(), c.a.SpillWords, c.code.FrameBytes, len(c.code.Bytes), len(c.code.Sites))
	l.write()
	l.b.WriteByte('\n')
	_, err = io.WriteString(w, l.b.String())
	return loops, err
}

// polls are the loops in f, as the interpreter numbers them.
func polls(f *ir.Func) (loops []int) {
	for _, b := range f.Blocks {
		for _, v := range b.Values {
			if v.Op == ir.OpPoll && v.Site != nil {
				loops = append(loops, v.Site.Point)
			}
		}
	}
	slices.Sort(loops)
	return slices.Compact(loops)
}

// codeColumn is where machine code begins in a listing.
const codeColumn = 64

// listing is SSA and machine code side by side, in the order of the code.
type listing struct {
	b     strings.Builder
	code  *ir.Code
	left  []string          // lines of SSA that wait for a line of code
	told  map[*ir.Block]int // how many values of a block have been written
	block *ir.Block
}

func (l *listing) write() {
	l.told = map[*ir.Block]int{}
	lines, sites := l.code.Lines, siteTexts(l.code)
	for pc := 0; pc < len(l.code.Bytes); {
		for len(lines) > 0 && lines[0].Offset <= pc {
			l.value(lines[0].Value)
			lines = lines[1:]
		}
		text, n := disassemble(l.code.Bytes[pc:], uint64(pc))
		switch pc {
		case l.code.Entry:
			text += " ; entry"
		case l.code.Fast:
			text += " ; fast entry"
		}
		for _, s := range sites[pc] {
			if s.fault {
				text += " ; " + s.text
			}
		}
		for _, s := range sites[pc+n] {
			if !s.fault {
				text += " ; " + s.text
			}
		}
		l.line(fmt.Sprintf("%05x  %s", pc, text))
		pc += n
	}
	l.flush()
}

// value begins the code of a value, or of what belongs to none.
func (l *listing) value(v *ir.Value) {
	l.flush()
	if v == nil {
		if l.block != nil {
			l.left = append(l.left, "stubs:")
		}
		l.block = nil
		return
	}
	b := v.Block
	if b == nil {
		l.left = append(l.left, "  "+v.LongString())
		return
	}
	if b != l.block {
		l.left = append(l.left, blockText(b))
		l.block = b
	}
	at := slices.Index(b.Values, v)
	// What has no code of its own - phis, constants, what was folded - stands before what has.
	for l.told[b] <= at {
		l.left = append(l.left, "  "+b.Values[l.told[b]].LongString())
		l.told[b]++
	}
}

func blockText(b *ir.Block) string {
	text := b.String()
	for i, p := range b.Preds {
		text += [...]string{" <- ", ", "}[min(i, 1)] + p.String()
	}
	for i, s := range b.Succs {
		text += [...]string{" -> ", ", "}[min(i, 1)] + s.String()
	}
	if b.Cold {
		text += " cold"
	}
	return text
}

// line writes a line of code beside the next of SSA.
func (l *listing) line(code string) {
	left := ""
	for len(l.left) > 0 {
		left, l.left = l.left[0], l.left[1:]
		if len(l.left) == 0 && len(left) < codeColumn {
			break
		}
		l.b.WriteString(left + "\n")
		left = ""
	}
	fmt.Fprintf(&l.b, "%-*s%s\n", codeColumn, left, code)
}

func (l *listing) flush() {
	for _, s := range l.left {
		l.b.WriteString(s + "\n")
	}
	l.left = nil
}

type siteText struct {
	fault bool
	text  string
}

// siteTexts are the sites by their offsets.
func siteTexts(code *ir.Code) map[int][]siteText {
	texts := map[int][]siteText{}
	for _, s := range code.Sites {
		texts[s.Offset] = append(texts[s.Offset], siteText{false, s.Site.String()})
	}
	for _, s := range code.Faults {
		texts[s.Offset] = append(texts[s.Offset], siteText{true, s.Site.String()})
	}
	return texts
}
