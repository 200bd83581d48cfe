package wat

// funcNames are the names of a function's locals or labels, or of a type's fields.
type funcNames struct {
	index uint32
	names []indexName
}

// The subsections of the name section (specification 7.4.1).
const (
	nameModule = 0
	nameFunc   = 1
	nameLocal  = 2
	nameLabel  = 3
	nameType   = 4
	nameTable  = 5
	nameMemory = 6
	nameGlobal = 7
	nameElem   = 8
	nameData   = 9
	nameField  = 10
	nameTag    = 11
)

// keepNames adds the names in function x to the module's.
func (m *module) keepNames(x uint32) {
	if len(m.localNames) > 0 {
		m.allLocals = append(m.allLocals, funcNames{x, m.localNames})
	}
	if len(m.labelNames) > 0 {
		m.allLabels = append(m.allLabels, funcNames{x, m.labelNames})
	}
}

// nameSection appends the name section, if anything has a name.
func (m *module) nameSection(out []byte) []byte {
	b := bytesVec(nil, "name")
	empty := len(b)
	if m.moduleName != "" {
		b = appendSection(b, nameModule, bytesVec(nil, m.moduleName))
	}
	var fieldNames []funcNames
	for i := range m.typeDefs {
		if names := m.typeDefs[i].names; len(names) > 0 {
			fieldNames = append(fieldNames, funcNames{uint32(i), names})
		}
	}
	b = appendNames(b, nameFunc, m.funcs.names)
	b = appendNested(b, nameLocal, m.allLocals)
	b = appendNested(b, nameLabel, m.allLabels)
	b = appendNames(b, nameType, m.types.names)
	b = appendNames(b, nameTable, m.tables.names)
	b = appendNames(b, nameMemory, m.memories.names)
	b = appendNames(b, nameGlobal, m.globals.names)
	b = appendNames(b, nameElem, m.elems.names)
	b = appendNames(b, nameData, m.datas.names)
	b = appendNested(b, nameField, fieldNames)
	b = appendNames(b, nameTag, m.tags.names)
	if len(b) == empty {
		return out
	}
	return appendSection(out, 0, b)
}

// nameMap appends names by index.
func nameMap(b []byte, names []indexName) []byte {
	b = uleb(b, uint64(len(names)))
	for _, n := range names {
		b = bytesVec(uleb32(b, n.index), n.name)
	}
	return b
}

// appendNames appends a subsection of names by index, if there are any.
func appendNames(b []byte, id int, names []indexName) []byte {
	if len(names) == 0 {
		return b
	}
	return appendSection(b, id, nameMap(nil, names))
}

// appendNested appends a subsection of names by two indices, if there are any.
func appendNested(b []byte, id int, all []funcNames) []byte {
	if len(all) == 0 {
		return b
	}
	sub := uleb(nil, uint64(len(all)))
	for _, f := range all {
		sub = nameMap(uleb32(sub, f.index), f.names)
	}
	return appendSection(b, id, sub)
}
