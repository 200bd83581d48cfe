package main

import (
	"fmt"
	"strings"
)

// field is how a field or an element is stored: get is of its address p, set of p and the value v.
type field struct {
	name, storage string
	size          int
	get, set      string
}

var fields = []field{
	{"8", "storage8", 1, "uint64(*(*uint8)(p))", "*(*uint8)(p) = uint8(v)"},
	{"16", "storage16", 2, "uint64(le16(p))", "put16(p, uint16(v))"},
	{"32", "storage32", 4, "uint64(le32(p))", "put32(p, uint32(v))"},
	{"64", "storage64", 8, "le64(p)", "put64(p, v)"},
	{"128", "storage128", 16, "", ""},
	{"8S", "signed8", 1, "uint64(uint32(int32(*(*int8)(p))))", ""},
	{"16S", "signed16", 2, "uint64(uint32(int32(int16(le16(p)))))", ""},
	{"Ref", "storageRef", 8, "", "if h := t.store.heap; h.marking {\nh.shade(le64(p))\n}\nput64(p, v)"},
}

const (
	nullStruct = "if ref == 0 {\nreturn t.trap(pc, TrapNullStructure), fp, acc, mb, ml, t\n}\n"
	nullArray  = "if ref == 0 {\nreturn t.trap(pc, TrapNullArray), fp, acc, mb, ml, t\n}\n"
	structAt   = "p := unsafe.Add(t.object(ref), uintptr(pc.imm))\n"
	arrayAt    = "p := t.object(ref)\ni := uint32(*slot(fp, pc.c))\nif i >= le32(unsafe.Add(p, 4)) {\n" +
		"return t.trap(pc, TrapArrayOutOfBounds), fp, acc, mb, ml, t\n}\np = unsafe.Add(p, headerSize+uintptr(i)*%d)\n"
)

// objects writes the accesses to fields and elements. A field's offset is imm; an element's index is in slot c, and the
// value that array.set stores is in slot imm.
func (g *gen) objects() {
	read := func(f field) string {
		if f.name == "128" {
			return "*slot(fp, pc.a), *slot(fp, pc.a+1) = le64(p), le64(unsafe.Add(p, 8))\n" + next
		}
		return "acc = " + f.get + "\n*slot(fp, pc.a) = acc\n" + next
	}
	write := func(f field, v string) string {
		if f.name == "128" {
			return "put64(p, *slot(fp, " + v + "))\nput64(unsafe.Add(p, 8), *slot(fp, " + v + "+1))\n" + next
		}
		return "v := *slot(fp, " + v + ")\n" + f.set + "\n" + next
	}
	for _, table := range []struct{ name, null, at, ref, value string }{
		{"structGet", nullStruct, structAt, "b", ""}, {"structSet", nullStruct, structAt, "b", "pc.c"},
		{"arrayGet", nullArray, arrayAt, "b", ""}, {"arraySet", nullArray, arrayAt, "b", "uint16(pc.imm)"},
	} {
		fmt.Fprintf(&g.maps, "\n// %ss gives the handlers by how the field is stored.\nvar %[1]ss = [storageKinds]op{\n", table.name)
		for _, f := range fields {
			at := table.at
			if at == arrayAt {
				at = fmt.Sprintf(arrayAt, f.size)
			}
			body := write(f, table.value)
			switch {
			case table.value == "" && f.name == "Ref":
				fmt.Fprintf(&g.maps, "storageRef: op%s64,\n", strings.ToUpper(table.name[:1])+table.name[1:])
				continue
			case table.value == "":
				body = read(f)
			case strings.HasSuffix(f.name, "S"):
				continue
			}
			fmt.Fprintf(&g.maps, "%s: %s,\n", f.storage, g.op(table.name+f.name))
			fmt.Fprintf(&g.funcs, "func %s%s%s {\nref := *slot(fp, pc.%s)\n%s%s%s}\n\n", table.name, f.name, signature, table.ref, table.null, at, body)
		}
		g.maps.WriteString("}\n")
	}
}
