package state

import "math"

// Limits bound what a snapshot may ask for when it is read. A field that is 0 stands for its default. They are the
// second line: whatever they say, nothing is allocated for counts that the bytes in the file cannot back.
type Limits struct {
	MemoryBytes uint64 // sizes of all memories together; default 64 GiB, since a page that is zero costs nothing
	Bytes       uint64 // everything but the memories' contents, decompressed; default 1 GiB
	Objects     uint64 // modules, types, instances, tables, memories, globals, tags, threads, resources: of each; default 1<<20
	Funcs       uint64 // functions in the store; default 1<<24
	Elements    uint64 // elements of all tables together; default 1<<25
	Frames      uint64 // of all threads together; default 1<<21
	Values      uint64 // locals and operands of all frames together; default 1<<24
	HeapObjects uint64 // structures, arrays and exceptions; default 1<<27
	HeapBytes   uint64 // what these take in the file, decompressed; default 1 GiB, and Bytes counts them too
}

// withDefaults fills in the fields that are 0.
func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		field *uint64
		value uint64
	}{
		{&l.MemoryBytes, 64 << 30},
		{&l.Bytes, 1 << 30},
		{&l.Objects, 1 << 20},
		{&l.Funcs, 1 << 24},
		{&l.Elements, 1 << 25},
		{&l.Frames, 1 << 21},
		{&l.Values, 1 << 24},
		{&l.HeapObjects, 1 << 27},
		{&l.HeapBytes, 1 << 30},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return l
}

// noLimits is for what is written: a program that runs may be as large as it is.
var noLimits = Limits{
	MemoryBytes: math.MaxUint64,
	Bytes:       math.MaxUint64,
	Objects:     math.MaxUint64,
	Funcs:       math.MaxUint32, // store addresses are 32 bits wide
	Elements:    math.MaxUint64,
	Frames:      math.MaxUint64,
	Values:      math.MaxUint64,
	HeapObjects: math.MaxUint64,
	HeapBytes:   maxHeap,
}
