package wasm

import "crypto/sha256"

// Module is a decoded module (specification 2.5). Slices are in index order; the index spaces that imports share
// with definitions (functions, tables, memories, globals) are given whole by the XxxTypes slices, imports first.
// A Module is immutable once Decode has returned, and may be used by many goroutines.
type Module struct {
	Types    []TypeDef // type section, recursion groups laid out one after the other
	Imports  []Import
	Funcs    []uint32 // type index of each defined function
	Tables   []Table
	Memories []MemoryType
	Tags     []uint32 // type index of each defined tag
	Globals  []Global
	Exports  []Export
	Start    int64 // function index, or -1
	Elems    []ElemSegment
	Datas    []DataSegment
	// DataCount is the data count section's number, or -1 without one.
	DataCount int64
	Code      []Code // bodies of the defined functions
	Customs   []Custom

	// Whole index spaces, imports first.
	FuncTypes   []uint32 // type index of every function
	TableTypes  []TableType
	MemoryTypes []MemoryType
	GlobalTypes []GlobalType
	TagTypes    []uint32 // type index of every tag

	NumImportedFuncs    int
	NumImportedTables   int
	NumImportedMemories int
	NumImportedGlobals  int
	NumImportedTags     int

	// Bytes is the binary the module was decoded from; Code, Data and Custom contents are slices of it.
	Bytes []byte

	codeStart uint32            // offset of the code section's contents
	exports   map[string]uint32 // place in Exports by name
	exact     bitset            // imported functions that are of exactly their type
	lazy      lazy              // names and lines; built on first use
}

// TypeDef is a defined type: what one entry of a recursion group says (specification 2.3.8 to 2.3.12).
type TypeDef struct {
	FuncType             // of CompFunc
	Kind     CompKind    // function, structure or array
	Fields   []FieldType // of CompStruct; CompArray has one
	Final    bool        // has no subtypes
	Super    int32       // type index of the supertype, or -1
	// Canon is the index of the first type of the module that is the same type (specification 3.3.5). Value types
	// name it and no other, so that == compares them; Super does not.
	Canon uint32
	// Group is the first type of the recursion group that the type stands in, GroupLen the group's length.
	Group, GroupLen uint32
	// Descriptor is 1 + the type index of the type that describes this one, Describes 1 + that of the one this describes;
	// 0 is none (custom descriptors).
	Descriptor, Describes uint32
}

// CompKind is the kind of a composite type.
type CompKind uint8

const (
	CompFunc CompKind = iota
	CompStruct
	CompArray
)

// FieldType is the type of a structure's field or an array's elements. Type may be I8 or I16.
type FieldType struct {
	Type    ValType
	Mutable bool
}

// FuncType is a function's parameters and results (specification 2.3.6).
type FuncType struct {
	Params, Results []ValType
}

// ExternKind says what an import or export is (specification 5.5.5).
type ExternKind byte

const (
	ExternFunc   ExternKind = 0
	ExternTable  ExternKind = 1
	ExternMemory ExternKind = 2
	ExternGlobal ExternKind = 3
	ExternTag    ExternKind = 4
)

// CatchKind is the kind of a catch clause of try_table (specification 5.4.1).
type CatchKind byte

const (
	CatchTag    CatchKind = 0 // catch: a tag index and a label index; the label takes the exception's values
	CatchTagRef CatchKind = 1 // catch_ref: the label takes a reference to the exception too
	CatchAll    CatchKind = 2 // catch_all: a label index
	CatchAllRef CatchKind = 3 // catch_all_ref: the label takes a reference to the exception
)

// Import is one entry of the import section. Of Type, Table, Memory and Global the one that Kind names is set; Type is
// for functions and tags.
type Import struct {
	Module, Name string
	Kind         ExternKind
	Exact        bool   // the function must be of this type and no proper subtype (custom descriptors)
	Type         uint32 // type index of a function or a tag
	Table        TableType
	Memory       MemoryType
	Global       GlobalType
}

// Export is one entry of the export section; Index is in the whole index space of its kind.
type Export struct {
	Name  string
	Kind  ExternKind
	Index uint32
}

// Limits bound a memory's pages or a table's elements. Max holds only where HasMax is set.
type Limits struct {
	Min, Max uint64
	HasMax   bool
	Is64     bool // addressed by i64 (memory64, table64)
}

// MemoryType is a linear memory's type; Limits count pages of [MemoryType.PageBytes].
type MemoryType struct {
	Limits
	Shared  bool // between threads
	OneByte bool // pages are of one byte, not of 64 KiB (custom page sizes)
}

// PageBytes is the size of the memory's pages in bytes.
func (t MemoryType) PageBytes() uint64 {
	if t.OneByte {
		return 1
	}
	return PageSize
}

// TableType is a table's type.
type TableType struct {
	Elem ValType
	Limits
}

// GlobalType is a global's type.
type GlobalType struct {
	Type    ValType
	Mutable bool
}

// Table is a defined table. Init is nil unless the module gives an initial element.
type Table struct {
	Type TableType
	Init *ConstExpr
}

// Global is a defined global.
type Global struct {
	Type GlobalType
	Init ConstExpr
}

// ConstExpr is a validated constant expression: its instructions, the final end included.
type ConstExpr struct {
	Offset uint32 // of Body in the module's bytes
	Body   []byte
}

// SegmentMode says when a segment is copied (specification 2.5.7, 2.5.8).
type SegmentMode byte

const (
	SegmentActive SegmentMode = iota
	SegmentPassive
	SegmentDeclarative
)

// ElemSegment is an element segment. Either Funcs or Exprs is set, as the binary has it.
type ElemSegment struct {
	Mode   SegmentMode
	Table  uint32    // active only
	Offset ConstExpr // active only
	Type   ValType
	Funcs  []uint32
	Exprs  []ConstExpr
}

// DataSegment is a data segment; Init is a slice of the module's bytes.
type DataSegment struct {
	Mode   SegmentMode
	Memory uint32    // active only
	Offset ConstExpr // active only
	Init   []byte
}

// Code is a function body: its declared locals (parameters not among them) and its instructions, the final end included.
type Code struct {
	Locals []LocalRun
	Offset uint32 // of Body[0] in the module's bytes
	Body   []byte
}

// LocalRun is a run of declared locals of one type.
type LocalRun struct {
	Count uint32
	Type  ValType
}

// NumLocals counts the declared locals, parameters not among them.
func (c *Code) NumLocals() int {
	n := 0
	for _, r := range c.Locals {
		n += int(r.Count)
	}
	return n
}

// Custom is a custom section; Offset is that of Data in the module's bytes.
type Custom struct {
	Name   string
	Offset uint32
	Data   []byte
}

// FuncType returns the type of function index i of the whole index space.
func (m *Module) FuncType(i uint32) *FuncType { return &m.Types[m.FuncTypes[i]].FuncType }

// TagType returns the type of tag index i of the whole index space: its parameters are what the exception carries.
func (m *Module) TagType(i uint32) *FuncType { return &m.Types[m.TagTypes[i]].FuncType }

// Export finds an export by its name.
func (m *Module) Export(name string) (Export, bool) {
	if i, ok := m.exports[name]; ok {
		return m.Exports[i], true
	}
	return Export{}, false
}

// Hash is the SHA-256 of the module's binary: the name under which a snapshot knows it.
func (m *Module) Hash() [32]byte { return sha256.Sum256(m.Bytes) }
