package interp

import (
	"math/bits"
	"time"
)

// Tuning: every number that could be another one stands here, with its reason.
const (
	// defaultMaxStack bounds a thread's wasm stack, in bytes of slots and frame records. Deep recursion of ordinary
	// programs (a recursive-descent parser, ackermann) stays far below; runaway recursion ends within a second.
	defaultMaxStack = 64 << 20

	// firstStack is what a thread's stack starts with, in bytes. Most calls never need more, and instances stay cheap.
	firstStack = 16 << 10

	// frameShare is how many bytes of slots go with one frame record when the stack grows.
	frameShare = 64

	// restoredStack is what a restored thread's stack starts with: a snapshot pays for a thread with a few bytes.
	restoredStack = 256

	// maxNested bounds the calls of host functions back into wasm that are in progress at once. Each has some kilobytes of
	// the Go stack, whose end is no trap but the process's.
	maxNested = 1 << 12

	// defaultMaxTable bounds a table's elements; the JavaScript API has the same bound.
	defaultMaxTable = 10_000_000

	// maxSlots is what an instruction's 16-bit operand can name.
	maxSlots = 1<<16 - 1

	// memoryMaps is how many of the kernel's mappings a memory takes: what it has, and what it may grow to. A heap has three such parts:
	// its bytes and two bitmaps.
	memoryMaps = 2
	heapMaps   = 6

	// Go's heap is collected when mappings have run out, and collectWait is waited for what it finds: cleanups run within microseconds,
	// of which an idle machine needs some hundred. What found fewer than collectWorth, which is a 32nd of all, is not done
	// again within collectPause: a memory can do without a reservation, but a collection may take a second of the processor's time.
	collectWait  = 50 * time.Millisecond
	collectWorth = 1 << 10
	collectPause = time.Second

	// maxMoved bounds the memories that are Go slices where mappings can be had: a mapping that is refused is an error, but
	// a slice that is too large for the machine ends the process.
	maxMoved = 1 << 30

	// maxSharedSlice bounds what a shared memory, which must not move, takes at once where there are no reservations.
	maxSharedSlice = 256 << 20

	// maxMapping is more than any machine has; larger sizes are not worth asking for.
	maxMapping = 1 << 46

	// maxTables bounds the elements of all tables of a store together, and maxFuncs the functions of a store: a module of
	// a few bytes can ask for a great many.
	maxTables = 1 << 25
	maxFuncs  = 1 << 24

	// maxCallees is how many functions are noted of a call through a reference, for each of which machine code has a comparison and a call, or its
	// body. Of calls with more nothing is expected: a row of four comparisons that went wrong often took 1.12 of the time of the general call.
	maxCallees = 2

	// maxTypes bounds the run-time types of a store: a value type has 22 bits for one. maxSubtypes bounds how many types
	// stand in a row of which each is a subtype of the next, maxFields the fields of a structure; the JavaScript API has
	// the same bounds.
	maxTypes    = 1<<22 - 1
	maxSubtypes = 64
	maxFields   = 10_000

	// maxTags bounds the tags of a store: a module can ask for one with two bytes, and each has a run-time type.
	maxTags = 1 << 20

	// defaultMaxHeap bounds the heap of a store where nothing else is said: as much as a 32-bit memory may have, and on 32-bit
	// hosts a part of what there is. maxHeap is what an offset in a reference and a block's number allow.
	defaultMaxHeap = 512<<20 + (4<<30-512<<20)*(bits.UintSize/64)
	maxHeap        = 1<<30 + (1<<40-1<<30)*(bits.UintSize/64)

	// firstHeap is up to where a heap is a Go slice that is copied when it grows. Stores with few objects need no mapping.
	firstHeap = 1 << 20

	// growBlocks is by how many blocks a heap in a reservation grows: 8 MiB. Each time is a system call, which takes as much
	// longer as it makes more accessible: 7 ms were measured for 480 MiB.
	growBlocks = 512

	// minHeap is up to where a heap grows before objects are looked for that are no longer needed: 4 MiB are marked in
	// milliseconds, and many programs end before they have filled them. Beyond, a cycle is to end when the heap has
	// grown by heapGrowth percent: with 100 it takes twice what it holds, and a byte allocated pays for about three marked.
	minHeap    = 4 << 20
	heapGrowth = 100

	// heapReserve is the part of the heap, one in so many, that must be free after the limit has been reached and all has
	// been collected. With less the program would spend its time on collecting for a handful of objects again and again.
	heapReserve = 32

	// maxSlice bounds the words that the collector looks at before the program goes on, markCost being what an object
	// costs besides its references, in words: the memory is seldom at hand. Some 20 ns each in the worst case make
	// half a millisecond. workUnit is how many bytes are given out before the collector works for them, pieceLen how many
	// elements of an array or a table it looks at before it looks at the time.
	maxSlice = 16 << 10
	markCost = 4
	workUnit = 16 << 10
	pieceLen = 512

	// rootBase and rootShare bound the operands that makeRootMap looks at, the latter for each byte of code: calls with a
	// few dozen operands below them pass, but a function that keeps thousands on its stack for thousands of calls would
	// cost their product. A frame of such a function is looked at as a whole.
	rootBase  = 4096
	rootShare = 8

	// sweepUnit is how many blocks are swept at a time, sweepMost how many for one allocation before it takes a free block.
	// A block takes some 50 ns.
	sweepUnit = 256
	sweepMost = 4096

	// throwUnit is how many clauses a throw looks at before it looks whether the context has ended: a millisecond's work.
	throwUnit = 1 << 18

	// maxPooledStack bounds the stacks, in operands or labels, that a lowerer leaves to the next: of the functions that people write few
	// have a hundred of either.
	maxPooledStack = 1 << 10

	// maxUnsettled is how many operands on top of the abstract stack may be locals or constants that have no slot of
	// their own yet. Expressions that people write are less deep; a bound keeps lowering linear in the code's length.
	maxUnsettled = 32
)

// reserveMax bounds the address space reserved for a memory, so that it need not move when it grows: all that a 32-bit one can
// have. A 64-bit one that grows beyond is moved. Tests lower it: an emulator keeps books of every page that is reserved.
var reserveMax uint64 = 4 << 30

// maxMappings bounds the mappings of all reservations: Linux allows a process 65,530, machine stacks take some, and Go needs some. Further
// memories are Go slices; shared ones, which must not move, are refused. Tests lower it.
var maxMappings int64 = 32 << 10

// guardedReserve is the address space for a memory whose accesses machine code does not check: what a 32-bit address and a 32-bit
// offset can add up to, and some more for the width of an access.
const guardedReserve = 8<<30 + 64<<10

// Native code. maxNativeFrame bounds what a unit may have on the machine stack, whose end a unit of that size must not get beyond
// after it has found that there is room. nativeStackSize is as much as the frames of a thread with the default stack take, if each
// is as small as can be; nativeStackShare is what part of the stack of slots that is. pooledStacks are kept for further
// threads: making one costs two system calls and the first touch of each page. Beyond maxMachineStacks threads are interpreted, for the reason
// that maxMappings has.
const (
	maxNativeFrame   = 128 << 10
	nativeStackSize  = 32 << 20
	nativeStackShare = 2
	pooledStacks     = 32
	maxMachineStacks = 4 << 10
)

// barrierFrames is how many records of machine frames may stand above one whose return is watched, when machine code goes on:
// they are made again when it is left again. A watched return costs some 20 ns, a record three.
const barrierFrames = 16

// LimitReserve bounds the address space that memories made from now on reserve, in bytes. Below 4 GiB none has guard pages, and machine
// code checks each access. It is for hosts on which reserving has a price: an emulator keeps books of every page.
func LimitReserve(bytes uint64) { reserveMax = bytes }

// maxBytes32 is what 32 bits can address.
const maxBytes32 = 1 << 32

// maxPages is what a memory can have at most on this host, in pages of 64 KiB: 4 GiB where addresses are 64 bits wide, since Go slices
// may be longer but no 32-bit memory is; 1 GiB elsewhere. 64-bit memories may grow beyond 4 GiB on 64-bit hosts.
const maxPages = 1<<14 + (1<<32-1<<14)*(bits.UintSize/64)

// Config bounds what a program may use. Zero means the default; the defaults are in limits.go.
type Config struct {
	MaxStack  int    // bytes of wasm stack of each thread
	MaxMemory uint64 // bytes of each memory; 0 leaves only the module's own maximum
	MaxTable  uint64 // elements of each table
	MaxHeap   uint64 // bytes of the heap of objects and exceptions
}

func (c Config) withDefaults() Config {
	if c.MaxStack <= 0 {
		c.MaxStack = defaultMaxStack
	}
	if bits.UintSize == 32 {
		c.MaxStack = min(c.MaxStack, defaultMaxStack) // keeps the sums of addresses in calls from overflowing
	}
	if c.MaxTable == 0 {
		c.MaxTable = defaultMaxTable
	}
	if c.MaxHeap == 0 {
		c.MaxHeap = defaultMaxHeap
	}
	return c
}
