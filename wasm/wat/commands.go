package wat

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/godwit-vm/godwit/wasm"
)

// ParseScript reads a script; file is what errors call it. A text without commands, but with the fields of a module, is
// a script with that one module. The modules are not parsed yet. The error is an [*Error].
func ParseScript(file string, src []byte) (*Script, error) {
	t, err := lex(file, src)
	if err != nil {
		return nil, err
	}
	p := scriptParser{cursor: cursor{text: t, end: len(t.tokens) - 1}, last: Pos{1, 1}}
	s := &Script{}
	if isField[p.opens()] {
		m := &ScriptModule{Pos: p.pos(), file: file, text: t, to: p.end}
		s.Commands = append(s.Commands, Command{Pos: m.Pos, Kind: CmdModule, Module: m})
		return s, nil
	}
	for p.at(0).kind != tokEOF {
		c := p.command()
		if p.err != nil {
			return nil, p.err
		}
		s.Commands = append(s.Commands, c)
	}
	return s, nil
}

// scriptParser reads a script.
type scriptParser struct {
	cursor
	last    Pos // of the byte at counted; places are asked for from front to back
	counted int
}

// pos is the place of the next token.
func (p *scriptParser) pos() Pos {
	if off := int(p.at(0).off); off > p.counted {
		passed := p.src[p.counted:off]
		p.counted = off
		if i := bytes.LastIndexByte(passed, '\n'); i >= 0 {
			p.last.Line += bytes.Count(passed, []byte{'\n'})
			p.last.Column, passed = 1, passed[i+1:]
		}
		p.last.Column += utf8.RuneCount(passed)
	}
	return p.last
}

// asserts are the assertions, by keyword.
var asserts = func() map[string]CommandKind {
	kinds := map[string]CommandKind{}
	for k := CmdAssertReturn; int(k) < len(commandNames); k++ {
		kinds[k.String()] = k
	}
	return kinds
}()

// command reads one command.
func (p *scriptParser) command() Command {
	c := Command{Pos: p.pos()}
	keyword := p.opens()
	switch kind, isAssert := asserts[keyword]; {
	case isAssert:
		c.Kind = kind
		p.i += 2
		p.assertion(&c)
		p.close()
	case keyword == "module":
		p.moduleCommand(&c)
	case keyword == "register":
		c.Kind = CmdRegister
		p.i += 2
		c.As = p.utf8()
		c.Name = p.id()
		p.close()
	case keyword == "invoke" || keyword == "get":
		c.Kind = CmdAction
		c.Action = p.action()
	default:
		if p.at(0).kind == tokLeft {
			p.i++
		}
		p.unexpected()
	}
	return c
}

// moduleCommand reads (module ...), with its parentheses.
func (p *scriptParser) moduleCommand(c *Command) {
	t := p.at(2)
	if t.kind == tokKeyword && p.of(t) == "instance" {
		c.Kind = CmdInstance
		p.i += 3
		first := p.id()
		if p.isID() {
			c.Name, c.Definition = first, p.id()
		} else {
			c.Definition = first
		}
		p.close()
		return
	}
	c.Module = p.module()
	c.Name = c.Module.Name
	if c.Module.Definition {
		c.Kind = CmdDefinition
	}
}

// module reads (module ...), and leaves a module in the text format as it is.
func (p *scriptParser) module() *ScriptModule {
	m := &ScriptModule{Pos: p.pos(), file: p.file, text: p.text}
	end := int(p.at(0).partner)
	if !p.open("module") {
		p.unexpected()
		return m
	}
	if end >= p.end {
		p.i = p.end
		p.close() // says that the parenthesis is missing
		return m
	}
	m.Definition = p.take("definition")
	m.Name = p.id()
	switch {
	case p.take("binary"):
		m.Form = FormBinary
		m.strings = p.strings()
	case p.take("quote"):
		m.Form = FormQuote
		m.file = fmt.Sprintf("%s:%d (quoted)", p.file, m.Pos.Line)
		m.strings = p.strings()
	default:
		m.from, m.to = p.i, end
		p.seek(end)
	}
	p.close()
	return m
}

// assertion reads an assertion after its keyword.
func (p *scriptParser) assertion(c *Command) {
	switch c.Kind {
	case CmdAssertReturn:
		c.Action = p.action()
		for p.more() {
			c.Results = append(c.Results, p.result(0))
		}
		return
	case CmdAssertException:
		c.Action = p.action()
		return
	case CmdAssertTrap, CmdAssertExhaustion:
		if p.opens() != "module" {
			c.Action = p.action()
			break
		}
		fallthrough
	default:
		c.Module = p.module()
		c.Name = c.Module.Name
	}
	c.Message = string(p.string(nil))
}

// action reads (invoke ...) or (get ...).
func (p *scriptParser) action() *Action {
	a := &Action{Pos: p.pos(), Invoke: p.opens() == "invoke"}
	if !a.Invoke && p.opens() != "get" {
		p.unexpected()
		return a
	}
	p.i += 2
	a.Module = p.id()
	a.Export = p.utf8()
	for a.Invoke && p.more() {
		a.Args = append(a.Args, p.constant())
	}
	p.close()
	return a
}

// constant reads a constant argument.
func (p *scriptParser) constant() (v Value) {
	switch keyword := p.opens(); keyword {
	case "i32.const", "i64.const", "f32.const", "f64.const":
		p.i += 2
		v = p.number(keyword)
	case "v128.const":
		p.i += 2
		v.Type = wasm.V128
		v.Bits, v.Hi = p.vector()
	case "ref.null":
		p.i += 2
		v.Type = p.heapType()
	case "ref.extern", "ref.host":
		p.i += 2
		v = Value{Type: hostRefs[keyword], Bits: p.natural(64)}
	default:
		p.unexpected()
		return v
	}
	p.close()
	return v
}

// number reads the number of a constant instruction.
func (p *scriptParser) number(keyword string) Value {
	switch keyword {
	case "i32.const":
		return Value{Type: wasm.I32, Bits: p.int(32)}
	case "i64.const":
		return Value{Type: wasm.I64, Bits: p.int(64)}
	case "f32.const":
		return Value{Type: wasm.F32, Bits: p.float(32)}
	}
	return Value{Type: wasm.F64, Bits: p.float(64)}
}

// hostRefs are the types of references to the embedder's objects.
var hostRefs = map[string]wasm.ValType{"ref.extern": wasm.ExternRef.NonNull(), "ref.host": wasm.AnyRef.NonNull()}

// heapType reads an abstract heap type, as the nullable reference to it.
func (p *scriptParser) heapType() wasm.ValType {
	code := abstractHeap[p.keyword()]
	if code == 0 {
		p.unexpected()
		return 0
	}
	p.i++
	return wasm.ValType(code)
}

// refResults are the types of references, of which any will do that is not null.
var refResults = map[string]wasm.ValType{
	"ref.func": wasm.FuncRef, "ref.extern": wasm.ExternRef, "ref.any": wasm.AnyRef, "ref.eq": wasm.EqRef,
	"ref.i31": wasm.I31Ref, "ref.struct": wasm.StructRef, "ref.array": wasm.ArrayRef, "ref.exn": wasm.ExnRef,
}

// result reads what an assertion says of a result.
func (p *scriptParser) result(nesting int) (r Result) {
	if nesting > maxNesting {
		p.fail("nested too deep: more than %d levels", maxNesting)
		return r
	}
	keyword := p.opens()
	ref, isRef := refResults[keyword]
	switch {
	case keyword == "either":
		p.i += 2
		r.Kind = ResultEither
		for p.more() {
			r.Either = append(r.Either, p.result(nesting+1))
		}
	case keyword == "v128.const":
		p.i += 2
		r = p.vectorResult()
	case keyword == "f32.const" || keyword == "f64.const":
		p.i += 2
		if r.NaN = p.nanKind(); r.NaN == NotNaN {
			r.Value = p.number(keyword)
		} else {
			r.Value.Type = map[string]wasm.ValType{"f32.const": wasm.F32, "f64.const": wasm.F64}[keyword]
		}
	case keyword == "ref.null" && p.at(2).kind == tokRight:
		p.i += 2
		r.Kind = ResultNull
	case isRef && p.at(2).kind == tokRight:
		p.i += 2
		r.Kind, r.Value.Type = ResultRef, ref.NonNull()
	default:
		r.Value = p.constant()
		switch {
		case keyword == "ref.null":
			r.Kind = ResultNull
		case r.Value.Type.IsRef():
			r.Kind = ResultHostRef
		}
		return r
	}
	p.close()
	return r
}

// nanKind reads nan:canonical or nan:arithmetic, if one comes next.
func (p *scriptParser) nanKind() NaNKind {
	switch {
	case p.take("nan:canonical"):
		return CanonicalNaN
	case p.take("nan:arithmetic"):
		return ArithmeticNaN
	}
	return NotNaN
}

// vectorResult reads a shape, and what is said of each lane.
func (p *scriptParser) vectorResult() Result {
	r := Result{Kind: ResultVec, Shape: p.shape(), Value: Value{Type: wasm.V128}}
	for i := 0; i < r.Shape.Lanes() && p.err == nil; i++ {
		l := Lane{}
		if shapes[r.Shape].float {
			l.NaN = p.nanKind()
		}
		if l.NaN == NotNaN {
			l.Bits = p.lane(r.Shape)
		}
		r.Value.Bits, r.Value.Hi = setLane(r.Value.Bits, r.Value.Hi, r.Shape, i, l.Bits)
		r.Lanes = append(r.Lanes, l)
	}
	return r
}
