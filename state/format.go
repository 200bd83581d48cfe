package state

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// Every constant of the file format stands here; FORMAT.md says what they mean.
const (
	// Version is the format version that Encode writes. Decode reads it and all earlier ones.
	Version = 2

	// DetectSize is how many bytes of a file's beginning Detect wants to see.
	DetectSize = 32

	preamble = "\x00asm\x01\x00\x00\x00"

	flagCompressed = 1 << 0 // informative: memory contents are in godwit.data sections, compressed
	knownFlags     = flagCompressed

	checksumCRC32C = 1

	// granule is the unit in which zero bytes are left out and large runs are aligned in the file: the smallest
	// page size of the hosts that can map a file.
	granule = 4096
	// blockSize bounds the piece of memory that has a checksum, and maybe a zstd frame, of its own. Small enough
	// to be verified while still in the second-level cache, and to be spread over cores.
	blockSize = 1 << 20
	// alignedRun is the length from which a run is aligned in the file, which may cost it granule-1 bytes.
	alignedRun = 16 * granule
	// maxDataSection keeps the data section's size, which has 32 bits. What does not fit goes to godwit.data.
	maxDataSection = 1<<32 - 1<<20
	// maxWindow bounds the memory that a zstd frame may make its reader use.
	maxWindow = 8 << 20
	// maxHeap bounds the bytes of the heap's objects: they are in one section, whose size has 32 bits.
	maxHeap = 1<<32 - 1<<20
)

// Identifiers of the sections of a module (specification 5.5.2).
const (
	idCustom = 0
	idMemory = 5
	idGlobal = 6
	idData   = 11
)

// Kinds of data segments (5.5.14).
const (
	segmentActive       = 0
	segmentPassive      = 1
	segmentActiveMemory = 2
)

// Names of the custom sections.
const (
	nameHeader    = "godwit.header"
	nameModules   = "godwit.modules"
	nameInstances = "godwit.instances"
	nameFuncs     = "godwit.funcs"
	nameTables    = "godwit.tables"
	nameMemories  = "godwit.memories"
	nameGlobals   = "godwit.globals"
	nameThreads   = "godwit.threads"
	nameTypes     = "godwit.types"
	nameTags      = "godwit.tags"
	nameHeap      = "godwit.heap"
	nameResources = "godwit.resources"
	namePad       = "godwit.pad"
	nameData      = "godwit.data"
	nameIntegrity = "godwit.integrity"

	nameCore          = "core"
	nameCoreModules   = "coremodules"
	nameCoreInstances = "coreinstances"
	nameCoreStack     = "corestack"
)

// How a section's body, or a block of memory, is stored.
const (
	formRaw  = 0
	formZstd = 1
)

// castagnoli is the table of CRC-32C, which amd64, arm64 and s390x compute in hardware.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// zeros is a granule to compare with, and to fill with.
var zeros [granule]byte

// Detect tells whether prefix, the first bytes of a file (DetectSize of them suffice), begins a snapshot.
func Detect(prefix []byte) bool {
	rest, ok := bytes.CutPrefix(prefix, []byte(preamble))
	if !ok || len(rest) == 0 || rest[0] != idCustom {
		return false
	}
	_, n := binary.Uvarint(rest[1:])
	if n <= 0 || n > 5 {
		return false
	}
	return bytes.HasPrefix(rest[1+n:], []byte(string(rune(len(nameHeader)))+nameHeader))
}
