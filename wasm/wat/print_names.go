package wat

import (
	"fmt"
	"unicode/utf8"

	"github.com/godwit-vm/godwit/wasm"
)

// spaceOf is the kind of identifiers of what can be imported and exported.
var spaceOf = [...]byte{
	wasm.ExternFunc: nameFunc, wasm.ExternTable: nameTable, wasm.ExternMemory: nameMemory, wasm.ExternGlobal: nameGlobal,
	wasm.ExternTag: nameTag,
}

// nameKey is what a name belongs to: outer is the function of a local or label, the type of a field.
type nameKey struct {
	space        byte
	outer, inner uint32
}

// nameSection is the names of a module. ids are those that can be identifiers: no two of a kind, and of one owner, are
// the same.
type nameSection struct {
	all   map[nameKey]string
	order []nameKey
	ids   map[nameKey]bool
}

// readNames reads the name section up to the first thing that is broken in it.
func readNames(m *wasm.Module) *nameSection {
	n := &nameSection{all: map[nameKey]string{}, ids: map[nameKey]bool{}}
	for i := range m.Customs {
		if m.Customs[i].Name == "name" {
			n.read(m.Customs[i].Data)
			break
		}
	}
	taken := map[nameKey]map[string]bool{}
	n.each(func(k nameKey, name string) {
		scope := nameKey{space: k.space, outer: k.outer}
		if taken[scope] == nil {
			taken[scope] = map[string]bool{}
		}
		if name != "" && !taken[scope][name] {
			taken[scope][name] = true
			n.ids[k] = true
		}
	})
	return n
}

func (n *nameSection) read(data []byte) {
	r := &careful{b: data}
	for len(r.b) > 0 && !r.bad {
		space := r.byte()
		sub := &careful{b: r.take(r.u32())}
		switch {
		case r.bad:
			return
		case space == nameModule:
			n.add(sub, nameKey{})
		case space == nameLocal || space == nameLabel || space == nameField:
			for count := sub.u32(); count > 0 && !sub.bad; count-- {
				n.mapping(sub, nameKey{space: space, outer: sub.u32()})
			}
		case space <= nameTag:
			n.mapping(sub, nameKey{space: space})
		}
	}
}

func (n *nameSection) mapping(r *careful, k nameKey) {
	for count := r.u32(); count > 0 && !r.bad; count-- {
		k.inner = r.u32()
		n.add(r, k)
	}
}

// add keeps the first name of each thing.
func (n *nameSection) add(r *careful, k nameKey) {
	name := string(r.take(r.u32()))
	if _, dup := n.all[k]; !r.bad && !dup && utf8.ValidString(name) {
		n.all[k] = name
		n.order = append(n.order, k)
	}
}

// each calls f for all names in the order of the section.
func (n *nameSection) each(f func(nameKey, string)) {
	for _, k := range n.order {
		f(k, n.all[k])
	}
}

func (n *nameSection) module() (string, bool) {
	name, ok := n.all[nameKey{}]
	return name, ok
}

// definition is what stands behind the keyword of a definition: an identifier, an annotation with the name, or nothing.
func (n *nameSection) definition(space byte, index uint32) string {
	return n.defined(nameKey{space: space, inner: index})
}

func (n *nameSection) localDefinition(fn, local uint32) string {
	return n.defined(nameKey{nameLocal, fn, local})
}

func (n *nameSection) fieldDefinition(typ, field uint32) string {
	return n.defined(nameKey{nameField, typ, field})
}

func (n *nameSection) defined(k nameKey) string {
	name, ok := n.all[k]
	if !ok {
		return ""
	}
	return identifierOrAnnotation(name, n.ids[k])
}

// reference is an index as it is written where it is used.
func (n *nameSection) reference(space byte, index uint32) string {
	return n.referenced(nameKey{space: space, inner: index})
}

func (n *nameSection) referenced(k nameKey) string {
	if n.ids[k] {
		return identifier(n.all[k])
	}
	return fmt.Sprint(k.inner)
}

// identifier is a name as an identifier.
func identifier(name string) string {
	for i := range len(name) {
		if !idChars[name[i]] {
			return "$" + quote([]byte(name))
		}
	}
	return "$" + name
}

func identifierOrAnnotation(name string, id bool) string {
	if id && name != "" {
		return " " + identifier(name)
	}
	return " (@name " + quote([]byte(name)) + ")"
}

// careful reads what nobody has checked.
type careful struct {
	b   []byte
	bad bool
}

func (r *careful) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *careful) take(n uint32) []byte {
	if r.bad || uint64(n) > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *careful) u32() (v uint32) {
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		v |= uint32(c&0x7F) << shift
		if c < 0x80 {
			return v
		}
	}
	r.bad = true
	return 0
}

// placeNames are the names of the sections in custom annotations.
var placeNames = func() map[int]string {
	names := map[int]string{}
	for name, place := range places {
		names[place] = name
	}
	return names
}()

// customsBehind are the custom sections that stand directly behind the section with that id. The name section, and the
// branch hints, are not among them: they are in the text in another form.
func customsBehind(m *wasm.Module, place int) []*wasm.Custom {
	var out []*wasm.Custom
	last := placeFirst
	r := &careful{b: m.Bytes[8:]}
	for k := 0; len(r.b) > 0 && !r.bad; {
		id := int(r.byte())
		contents := r.take(r.u32())
		if id != 0 {
			// A section of nothing, like the data count, is not in the text.
			if id != secDataCount && (id == secStart || len(contents) != 1 || contents[0] != 0) {
				last = id
			}
			continue
		}
		if k < len(m.Customs) && last == place && m.Customs[k].Name != "name" && m.Customs[k].Name != annotHint {
			out = append(out, &m.Customs[k])
		}
		k++
	}
	return out
}

func (n *nameSection) labelDefinition(fn, label uint32) string {
	if k := (nameKey{nameLabel, fn, label}); n.ids[k] {
		return n.defined(k)
	}
	return ""
}
