package wasm

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
)

// lazy holds what is read from custom sections when it is first asked for.
type lazy struct {
	namesOnce sync.Once
	names     names

	hintsOnce sync.Once
	hints     []BranchHint

	linesOnce sync.Once
	lines     *lineTable
}

// names are the contents of the name section (specification 7.4.1), and the names that exports and imports give to
// functions without one there.
type names struct {
	module string
	funcs  []string // by function index; "" without a name
	locals []localName
}

// localName is one entry of the local names; they are sorted by function and local.
type localName struct {
	fn, local uint32
	name      string
}

func compareLocals(a, b localName) int {
	return cmp.Or(cmp.Compare(a.fn, b.fn), cmp.Compare(a.local, b.local))
}

// ModuleName is the module's name in its name section, or "".
func (m *Module) ModuleName() string { return m.names().module }

// FuncName is the name of function i of the whole index space: that of the name section, else "module.name" of its
// import, else that of its first export, else "func[12]".
func (m *Module) FuncName(i uint32) string {
	if n := m.names(); uint64(i) < uint64(len(n.funcs)) && n.funcs[i] != "" {
		return n.funcs[i]
	}
	return fmt.Sprintf("func[%d]", i)
}

// LocalName is the name of a local of function i of the whole index space, parameters counted first, or "".
func (m *Module) LocalName(i, local uint32) string {
	locals := m.names().locals
	at, ok := slices.BinarySearchFunc(locals, localName{fn: i, local: local}, compareLocals)
	if !ok {
		return ""
	}
	return locals[at].name
}

func (m *Module) names() *names {
	m.lazy.namesOnce.Do(func() { m.lazy.names = m.readNames() })
	return &m.lazy.names
}

// readNames reads the name section. A custom section cannot make a module malformed: what is broken in it is left out.
func (m *Module) readNames() names {
	n := names{funcs: make([]string, len(m.FuncTypes))}
	for i := range m.Customs {
		if m.Customs[i].Name == "name" {
			n.section(m.Customs[i].Data)
			break
		}
	}
	fn := 0
	for i := range m.Imports {
		if im := &m.Imports[i]; im.Kind == ExternFunc {
			if n.funcs[fn] == "" {
				n.funcs[fn] = im.Module + "." + im.Name
			}
			fn++
		}
	}
	for i := range m.Exports {
		if e := &m.Exports[i]; e.Kind == ExternFunc && n.funcs[e.Index] == "" {
			n.funcs[e.Index] = e.Name
		}
	}
	return n
}

// section reads the subsections up to the first that is broken.
func (n *names) section(data []byte) {
	const (
		moduleName = 0
		funcNames  = 1
		localNames = 2
	)
	r := &reader{b: data, end: len(data), section: "name", fn: -1}
	for r.left() > 0 {
		id := r.byte()
		body := r.bytes(r.u32())
		if r.err != nil {
			return
		}
		sub := &reader{b: body, end: len(body), section: "name", fn: -1}
		switch id {
		case moduleName:
			if name := sub.name(); sub.err == nil {
				n.module = name
			}
		case funcNames:
			n.readFuncs(sub)
		case localNames:
			n.readLocals(sub)
		}
		if sub.err != nil {
			return
		}
	}
}

// readFuncs reads the functions' names. Of two for one function the first counts; one for no function is passed over.
func (n *names) readFuncs(r *reader) {
	for range r.count(2, maxFuncs+maxImports, "names") {
		i, name := r.u32(), r.name()
		if r.err != nil {
			return
		}
		if uint64(i) < uint64(len(n.funcs)) && n.funcs[i] == "" {
			n.funcs[i] = name
		}
	}
}

// readLocals reads the locals' names.
func (n *names) readLocals(r *reader) {
	for range r.count(2, maxFuncs+maxImports, "functions") {
		fn := r.u32()
		for range r.count(2, maxParams+maxLocals, "names") {
			l := localName{fn: fn, local: r.u32(), name: r.name()}
			if r.err != nil {
				break
			}
			n.locals = append(n.locals, l)
		}
		if r.err != nil {
			break
		}
	}
	// The specification asks for this order, but nobody has checked it.
	if !slices.IsSortedFunc(n.locals, compareLocals) {
		slices.SortStableFunc(n.locals, compareLocals)
	}
}
