package wat

import (
	"github.com/godwit-vm/godwit/wasm"
)

// abstractHeap are the codes of the abstract heap types by name, abstractRef those of the short forms of the nullable
// references to them.
var abstractHeap, abstractRef = func() (heap, ref map[string]byte) {
	heap, ref = map[string]byte{}, map[string]byte{}
	for t := wasm.ExnRef; t <= wasm.NoExnRef; t++ {
		heap[t.HeapName()], ref[t.String()] = byte(t), byte(t)
	}
	return heap, ref
}()

// numTypes are the codes of number and vector types.
var numTypes = map[string]byte{
	"i32": byte(wasm.I32), "i64": byte(wasm.I64), "f32": byte(wasm.F32), "f64": byte(wasm.F64), "v128": byte(wasm.V128),
}

const (
	codeFunc     = 0x60
	codeStruct   = 0x5F
	codeArray    = 0x5E
	codeSub      = 0x50
	codeSubFinal = 0x4F
	codeRec      = 0x4E
)

// descriptorClauses are the clauses of the custom descriptors proposal, in their order.
var descriptorClauses = [...]struct {
	keyword string
	code    byte
}{{"describes", 0x4C}, {"descriptor", 0x4D}}

// typeDef is what the rest of the module has to know of a type.
type typeDef struct {
	fn     bool
	params int
	key    string            // of fn: how its parameters and results are encoded
	fields map[string]uint32 // names of fields
	names  []indexName       // the same, in order
}

// heapType reads a heap type, as the nullable reference to it.
func (m *module) heapType() valType {
	if code := abstractHeap[m.keyword()]; code != 0 {
		m.i++
		return valType{code: code}
	}
	if m.open("exact") {
		t := valType{code: typedRef, exact: true, index: m.index(&m.types)}
		m.close()
		return t
	}
	return valType{code: typedRef, index: m.index(&m.types)}
}

// isRefType tells whether a reference type comes next.
func (m *module) isRefType() bool { return abstractRef[m.keyword()] != 0 || m.opens() == "ref" }

// refType reads a reference type.
func (m *module) refType() valType {
	if code := abstractRef[m.keyword()]; code != 0 {
		m.i++
		return valType{code: code}
	}
	if !m.open("ref") {
		m.unexpected()
		return valType{}
	}
	null := m.take("null")
	t := m.heapType()
	t.nonNull = !null
	m.close()
	return t
}

// valType reads a value type.
func (m *module) valType() valType {
	if code := numTypes[m.keyword()]; code != 0 {
		m.i++
		return valType{code: code}
	}
	return m.refType()
}

// fieldType reads the type of a field, and appends it.
func (m *module) fieldType(b []byte) []byte {
	mutable := m.open("mut")
	switch {
	case m.take("i8"):
		b = append(b, byte(wasm.I8))
	case m.take("i16"):
		b = append(b, byte(wasm.I16))
	default:
		b = m.valType().append(b)
	}
	if !mutable {
		return append(b, 0)
	}
	m.close()
	return append(b, 1)
}

// binder is told of each parameter: its identifier, and its name in the name section. Both may be "".
type binder func(id, name string)

// anonymous is the binder for parameters whose identifiers mean nothing.
func anonymous(id, name string) {}

// funcType reads parameters and results. Without a binder identifiers are not allowed.
func (m *module) funcType(bind binder) (params, results []valType) {
	for m.open("param") {
		if bind != nil && m.isID() {
			id := m.id()
			bind(id, m.nameAnnotation(id))
			params = append(params, m.valType())
		} else {
			for m.more() {
				if bind != nil {
					bind("", m.nameAnnotation(""))
				}
				params = append(params, m.valType())
			}
		}
		m.close()
	}
	for m.open("result") {
		for m.more() {
			results = append(results, m.valType())
		}
		m.close()
	}
	return params, results
}

// typeSection reads all type definitions. Identifiers of types are known already.
func (m *module) typeSection() {
	for _, i := range m.typeFields {
		m.seek(i)
		switch {
		case m.open("rec"):
			n := uint32(0)
			for j := m.i; j < m.end && m.tokens[j].kind == tokLeft; j = int(m.tokens[j].partner) + 1 {
				n++
			}
			m.addType(uleb32([]byte{codeRec}, n))
			for m.more() && m.err == nil {
				m.typeDefinition(n)
			}
			m.close()
		default:
			m.addType(nil)
			m.typeDefinition(1)
		}
		if m.err != nil {
			return
		}
	}
}

// addType begins an entry of the type section.
func (m *module) addType(b []byte) {
	s := &m.sections[secType]
	s.count++
	s.body = append(s.body, b...)
}

// typeDefinition reads (type ...) in a group of so many types. One that is alone can be what a type use without an index
// means.
func (m *module) typeDefinition(group uint32) {
	if !m.open("type") {
		m.unexpected()
		return
	}
	m.id()
	m.nameAnnotation("")
	var (
		def    typeDef
		prefix []byte
	)
	if m.open("sub") {
		code := byte(codeSub)
		if m.take("final") {
			code = codeSubFinal
		}
		var supers []uint32
		for m.isIndex() {
			supers = append(supers, m.index(&m.types))
		}
		if code == codeSub || len(supers) > 0 {
			prefix = uleb(append(prefix, code), uint64(len(supers)))
			for _, x := range supers {
				prefix = uleb32(prefix, x)
			}
		}
		body := m.compType(&def)
		m.close()
		prefix = append(prefix, body...)
	} else {
		prefix = m.compType(&def)
	}
	m.close()
	if m.err != nil {
		return
	}
	if x := uint32(len(m.typeDefs)); group == 1 && def.fn && prefix[0] == codeFunc {
		if _, dup := m.funcTypes[def.key]; !dup {
			m.funcTypes[def.key] = x
		}
	}
	s := &m.sections[secType]
	s.body = append(s.body, prefix...)
	m.typeDefs = append(m.typeDefs, def)
}

// compType reads a composite type, and the clauses before it that say what it describes and what describes it.
func (m *module) compType(def *typeDef) (b []byte) {
	for _, clause := range descriptorClauses {
		if m.open(clause.keyword) {
			b = uleb32(append(b, clause.code), m.index(&m.types))
			m.close()
		}
	}
	switch {
	case m.open("func"):
		params, results := m.funcType(anonymous)
		def.fn, def.params, def.key = true, len(params), funcKey(params, results)
		b = append(append(b, codeFunc), def.key...)
	case m.open("struct"):
		b = m.structType(b, def)
	case m.open("array"):
		b = m.fieldType(append(b, codeArray))
	default:
		m.unexpected()
		return nil
	}
	m.close()
	return b
}

// structType reads the fields of a structure, and appends its type.
func (m *module) structType(b []byte, def *typeDef) []byte {
	n := uint32(0)
	var fields []byte
	for m.open("field") {
		if m.isID() {
			at := m.i
			name := m.id()
			if def.fields == nil {
				def.fields = map[string]uint32{}
			}
			if _, dup := def.fields[name]; dup {
				m.seek(at)
				m.fail("duplicate field $%s", name)
				return nil
			}
			def.fields[name] = n
			def.names = append(def.names, indexName{n, m.nameAnnotation(name)})
			fields = m.fieldType(fields)
			n++
		} else {
			for m.more() {
				fields = m.fieldType(fields)
				n++
			}
		}
		m.close()
	}
	return append(uleb32(append(b, codeStruct), n), fields...)
}

func funcKey(params, results []valType) string {
	return string(appendTypes(appendTypes(nil, params), results))
}

// isTypeUse are the keywords of what a type use consists of.
var isTypeUse = map[string]bool{"type": true, "param": true, "result": true}

// typeUse reads a type use (specification 6.6.3): the index of a function type, or its parameters and results, or both.
// short is set where only the latter are written. bind is as for funcType.
func (m *module) typeUse(bind binder) (x uint32, params, results []valType, short bool) {
	at := m.i
	explicit := m.open("type")
	if explicit {
		x = m.index(&m.types)
		m.close()
	}
	inline := m.opens()
	params, results = m.funcType(bind)
	switch {
	case m.err != nil:
	case isTypeUse[m.opens()]: // in the wrong order
		m.unexpected()
	case !explicit:
		return 0, params, results, true
	case inline != "param" && inline != "result" || len(params)+len(results) == 0:
	case uint64(x) >= uint64(len(m.typeDefs)):
		m.seek(at)
		m.fail("unknown type %d", x)
	case !m.typeDefs[x].fn || m.typeDefs[x].key != funcKey(params, results):
		m.seek(at)
		m.fail("inline function type differs from type %d", x)
	}
	return x, params, results, false
}

// funcTypeUse is typeUse where a short one has to become an index as well.
func (m *module) funcTypeUse(bind binder) uint32 {
	x, params, results, short := m.typeUse(bind)
	if short && m.err == nil {
		return m.implicitType(params, results)
	}
	return x
}

// implicitType finds the first type that is the function type, or adds one.
func (m *module) implicitType(params, results []valType) uint32 {
	key := funcKey(params, results)
	x, ok := m.funcTypes[key]
	if !ok {
		x = uint32(len(m.typeDefs))
		m.funcTypes[key] = x
		m.typeDefs = append(m.typeDefs, typeDef{fn: true, params: len(params), key: key})
		m.addType(append([]byte{codeFunc}, key...))
	}
	return x
}
