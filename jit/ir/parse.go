package ir

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/godwit-vm/godwit/interp"
)

// Parse reads what String wrote. Lines that are empty or begin with # are left out. What a step does has no textual form:
// it is an empty one.
func Parse(text string) (*Func, error) {
	p := parser{f: &Func{Loop: -1}}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return p.f, nil
}

// maxParsed bounds the IDs that are believed.
const maxParsed = 1 << 20

// parser is what Parse knows of the function so far.
type parser struct {
	f      *Func
	header bool
	b      *Block
	blocks map[int32]*Block
	values map[int32]*Value
	placed map[*Value]bool
	listed map[*Block]bool
	void   []*Value // get their IDs at the end
}

func (p *parser) line(line string) error {
	switch {
	case !p.header:
		p.header = true
		p.blocks, p.values = make(map[int32]*Block), make(map[int32]*Value)
		p.placed, p.listed = make(map[*Value]bool), make(map[*Block]bool)
		return p.funcLine(line)
	case strings.HasSuffix(line, ":"):
		return p.blockLine(strings.TrimSuffix(line, ":"))
	case p.b == nil:
		return fmt.Errorf("%q is in no block", line)
	}
	return p.valueLine(line)
}

func (p *parser) funcLine(line string) error {
	rest, ok := strings.CutPrefix(line, "func ")
	if !ok {
		return fmt.Errorf("%q is not the header of a function", line)
	}
	index, rest, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(index, 10, 32)
	if err != nil {
		return err
	}
	p.f.Index = uint32(n)
	name, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return fmt.Errorf("the function's name: %w", err)
	}
	rest = rest[len(name):]
	p.f.Name, _ = strconv.Unquote(name)
	head, rest, ok := strings.Cut(rest, "(")
	params, tail, ok2 := strings.Cut(rest, ")")
	if !ok || !ok2 {
		return fmt.Errorf("no parameters")
	}
	if _, err := fmt.Sscanf(strings.TrimSpace(head), "loop=%d room=%d", &p.f.Loop, &p.f.Room); err != nil {
		return err
	}
	for _, s := range strings.FieldsFunc(params, func(r rune) bool { return r == ',' || r == ' ' }) {
		t, err := parseType(s)
		if err != nil {
			return err
		}
		p.f.Params = append(p.f.Params, t)
	}
	words := strings.Fields(tail)
	p.f.Mem0Fixed, p.f.Counts = slices.Contains(words, "fixed"), slices.Contains(words, "counts")
	return nil
}

func parseType(s string) (Type, error) {
	for t := Void; t <= V128; t++ {
		if t.String() == s {
			return t, nil
		}
	}
	return 0, fmt.Errorf("%q is no type", s)
}

// id reads a name: a letter and a number.
func id(s string, letter byte) (int32, error) {
	if len(s) > 1 && s[0] == letter {
		if n, err := strconv.ParseUint(s[1:], 10, 31); err == nil && n < maxParsed {
			return int32(n), nil
		}
	}
	return 0, fmt.Errorf("%q is not %c and a number", s, letter)
}

func (p *parser) block(s string) (*Block, error) {
	n, err := id(s, 'b')
	if err != nil {
		return nil, err
	}
	b := p.blocks[n]
	if b == nil {
		b = &Block{ID: n}
		p.blocks[n] = b
		p.f.nextBlock = max(p.f.nextBlock, n+1)
	}
	return b, nil
}

func (p *parser) value(s string) (*Value, error) {
	n, err := id(s, 'v')
	if err != nil {
		return nil, err
	}
	v := p.values[n]
	if v == nil {
		v = &Value{ID: n}
		p.values[n] = v
		p.f.nextValue = max(p.f.nextValue, n+1)
	}
	return v, nil
}

func (p *parser) blockLine(line string) error {
	line, cold := strings.CutSuffix(line, " cold")
	name, preds, _ := strings.Cut(line, "(")
	b, err := p.block(strings.TrimSpace(name))
	if err != nil {
		return err
	}
	if p.listed[b] {
		return fmt.Errorf("b%d is there already", b.ID)
	}
	p.listed[b] = true
	b.Cold = cold
	for _, s := range strings.FieldsFunc(strings.TrimSuffix(preds, ")"), func(r rune) bool { return r == ',' || r == ' ' }) {
		pred, err := p.block(s)
		if err != nil {
			return err
		}
		b.Preds = append(b.Preds, pred)
	}
	p.f.Blocks = append(p.f.Blocks, b)
	p.b = b
	return nil
}

func (p *parser) valueLine(line string) error {
	body, site, hasSite := strings.Cut(line, " @")
	var succs string
	if hasSite {
		end := strings.LastIndexByte(site, '}')
		if end < 0 {
			return fmt.Errorf("a site without an end")
		}
		site, succs = site[:end], site[end+1:]
	}
	v := &Value{}
	if name, rest, ok := strings.Cut(body, " = "); ok {
		name, typ, _ := strings.Cut(name, ":")
		var err error
		if v, err = p.value(name); err != nil {
			return err
		}
		if v.Type, err = parseType(typ); err != nil {
			return err
		}
		if p.placed[v] {
			return fmt.Errorf("%s is there already", v)
		}
		p.placed[v] = true
		body = rest
	} else {
		p.void = append(p.void, v)
	}
	words := strings.FieldsFunc(body+" "+succs, func(r rune) bool { return r == ',' || r == ' ' })
	if len(words) == 0 {
		return fmt.Errorf("an empty line")
	}
	op, ok := opByName(words[0])
	if !ok {
		return fmt.Errorf("%q is no opcode", words[0])
	}
	v.Op, v.Block = op, p.b
	words = words[1:]
	if op == OpConst || op == OpParam {
		if len(words) == 0 {
			return fmt.Errorf("no constant")
		}
		var err error
		if v.Imm, err = number(words[0]); err != nil {
			return err
		}
		if v.Type == I32 {
			v.Imm = uint64(uint32(v.Imm))
		}
		words = words[1:]
		if v.Type == V128 && len(words) > 0 {
			if v.Aux, err = number(words[0]); err != nil {
				return err
			}
			words = words[1:]
		}
	}
	for _, w := range words {
		if err := p.word(v, w); err != nil {
			return err
		}
	}
	if hasSite {
		var err error
		if v.Site, err = p.site(site); err != nil {
			return err
		}
	}
	p.b.Values = append(p.b.Values, v)
	return nil
}

func number(s string) (uint64, error) {
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return uint64(n), nil
	}
	return strconv.ParseUint(s, 0, 64)
}

// word is an argument, a successor, or an attribute.
func (p *parser) word(v *Value, w string) error {
	switch {
	case w == "guarded":
		v.Guarded = true
		return nil
	case w == "folded":
		v.Folded = true
		return nil
	case w[0] == 'v':
		a, err := p.value(w)
		v.Args = append(v.Args, a)
		return err
	case w[0] == 'b':
		s, err := p.block(w)
		p.b.Succs = append(p.b.Succs, s)
		return err
	}
	name, value, _ := strings.Cut(w, "=")
	n, err := number(value)
	if err != nil {
		return err
	}
	switch name {
	case "imm":
		v.Imm = n
	case "aux":
		v.Aux = n
	case "mem":
		v.Mem = uint16(n)
	case "width":
		v.Width = uint8(n)
	default:
		return fmt.Errorf("%q is not known", w)
	}
	return nil
}

func (p *parser) site(text string) (*Site, error) {
	kind, rest, _ := strings.Cut(text, "{")
	s := &Site{}
	known := false
	for i, n := range siteNames {
		if n == kind {
			s.Kind, known = interp.SiteKind(i), true
		}
	}
	if !known {
		return nil, fmt.Errorf("%q is no kind of site", kind)
	}
	rest, state, _ := strings.Cut(rest, "state=[")
	for _, w := range strings.Fields(rest) {
		if w == "step" {
			s.Step = new(interp.NativeStep)
			continue
		}
		name, value, _ := strings.Cut(w, "=")
		if name == "in" {
			var err error
			if s.Inlined, err = parseInlined(value); err != nil {
				return nil, err
			}
			continue
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return nil, err
		}
		switch name {
		case "pos":
			s.Pos = uint32(n)
		case "point":
			s.Point = int(n)
		case "acc":
			s.Acc = int(n)
		case "args":
			s.ArgSlot = int(n)
		case "callee":
			s.Callee = uint32(n)
		case "trap":
			s.Trap = interp.TrapCode(n)
		case "mark":
			s.Mark = interp.Mark(n)
		default:
			return nil, fmt.Errorf("%q is not known", w)
		}
	}
	for _, w := range strings.Fields(strings.TrimSuffix(state, "]")) {
		slot, name, _ := strings.Cut(w, ":")
		n, err := strconv.ParseUint(slot, 10, 16)
		if err != nil {
			return nil, err
		}
		v, err := p.value(name)
		if err != nil {
			return nil, err
		}
		s.State = append(s.State, SlotValue{uint16(n), v})
	}
	return s, nil
}

// parseInlined reads what writeInlined wrote.
func parseInlined(text string) (n *interp.NativeInline, err error) {
	for _, w := range strings.Split(text, ",") {
		n = &interp.NativeInline{Parent: n, Depth: int32(n.Frames() + 1)}
		if _, err := fmt.Sscanf(w, "%d:%d:%d", &n.Func, &n.Point, &n.Base); err != nil {
			return nil, fmt.Errorf("%q is not an inlined function: %w", w, err)
		}
	}
	return n, nil
}

func (p *parser) finish() error {
	if len(p.f.Blocks) == 0 {
		return fmt.Errorf("no blocks")
	}
	p.f.Entry = p.f.Blocks[0]
	for n, b := range p.blocks {
		if !p.listed[b] {
			return fmt.Errorf("b%d is not there", n)
		}
	}
	for n, v := range p.values {
		if !p.placed[v] {
			return fmt.Errorf("v%d is not there", n)
		}
	}
	for _, v := range p.void {
		v.ID = p.f.nextValue
		p.f.nextValue++
	}
	return nil
}
