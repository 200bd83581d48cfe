// Package state is the portable view of a running program, and the file that it is written to.
//
// # The view
//
// A program that stands at a safepoint is a [Program]: its modules and instances, the functions, tables, memories,
// globals and tags that they share, the objects of its heap, its threads with their frames, and the state of the host's side. All of it is in
// WebAssembly's own terms. A frame says "function 7 of instance 0, to go on at byte 1234 of the module, with these
// locals and these operands", and every value has its type. There is no address of the host in it, no register, no index
// into lowered code, and no number that a release of godwit may choose anew. So the view means the same on every tier, on
// every host, and to every later release.
//
// Things refer to each other as the specification has it: instances and values name functions, tables, memories,
// globals and tags by their store address, the position in the program's list. A reference to a function is 0 for null and else
// one more than the address. The other references say in their two upper bits whether they are to an object of the heap, to
// something of the host's, or an i31 ([RefKind]).
//
// # The heap
//
// Structures, arrays and exceptions have numbers, and nothing else by which they could be told apart: where they stood
// in memory is gone. A program may have tens of millions, so the view does not have them as Go values. [Heap.Data] is
// their bytes as they are in the file, which a store appends to ([AppendObject] and the functions after it) and takes apart with a
// [HeapReader]; arrays of numbers are there in one piece, to be copied. The number of a type stands before each object, so that
// all of the heap can be read without a module.
//
// Types that more than one module may name, which are those of all objects and tags and those in the types of globals, tables and host
// functions, are the program's own list ([Program.Types]), in which each type is there once, however many modules define it.
// Two types are the same exactly when they have the same index.
//
// That a reference has the type of the place where it stands is checked before the program is handed out: a program
// that trusts the types of its fields, as compiled code does, must not find a lie there. The check goes through the heap twice,
// since an object may refer to one that comes later. To write 64 MiB of small structures took 0.26 s on one core, most of
// it for this. What the check cannot know are the types of functions, of locals and of operands: they are the modules' affair.
//
// # The file
//
// A snapshot is a valid WebAssembly module. The memories are its memory section; their contents are active segments of
// its data section; the globals are constants; and everything else stands in custom sections, which every tool steps
// over. Among them are those of the tool conventions' core dump, so that a debugger of core dumps finds the stacks. This
// costs a few bytes and buys every tool there is for modules: they dump a snapshot, validate it, cut it apart. FORMAT.md
// next to this file gives every byte.
//
// The order of the file follows from how it is written: from front to back, to anything, with no way back.
//
//	magic and version of a module
//	godwit.header                    first, so that a few bytes tell what the file is
//	core, coremodules, ...           what other tools read
//	godwit.modules ... resources     the program but for the memories' contents
//	memory, global                   sections of the module
//	godwit.pad                       so that what follows is aligned
//	data                             the memories' contents
//	godwit.integrity                 checksums, last, since only now they are known
//
// [Encode] looks at memory twice. First it compares each granule of 4 KiB with zero, which decides what is written and
// how long the data section will be; pages that the program never touched are not even compared, where the kernel can say
// which these are (touched_linux.go). Then it writes the runs of granules that are not zero straight from where they are,
// in blocks of 1 MiB: the checksum of a block is computed just before the block is written, and what one brings into
// the cache the other finds there. Nothing is copied.
//
// # Checksums
//
// CRC-32C, which the instruction sets of amd64, arm64 and s390x compute at some 8 GB/s: cheap enough never to be
// left out. Each section has one, and each block of memory contents its own, so that a section's is known without its
// payload. Thus [Decode] verifies everything but the payload, in the time that the small sections take, and each block is
// verified when it is read. A checksum finds what chance has damaged; against intent there is the check that follows:
// every count, index, size and type is compared with what it refers to before anything is made of it. The embedded
// modules have their SHA-256, which is also how a program finds one that is not embedded.
//
// # Loading
//
// What was read from a file holds no memory contents. A [Memory] then has a [Source], and [Memory.LoadInto] reads the
// blocks into the place where the program will run, on all cores, and verifies each while it is in the cache. Nothing
// is held twice.
//
// Runs of 64 KiB and more are aligned: their offset in the file and their offset in memory are equal modulo 4096, which is
// what mapping a file copy-on-write needs. Yet LoadInto reads. For 64 MiB in the page cache it was measured:
//
//	mapping, and reading once for the checksums      10 ms on one core
//	   and then, for each page that is written       4.2 us, which is 68 ms when all are
//	reading into fresh memory with checksums         39 ms on one core, 25 ms on two
//
// So a mapping pays for a program that writes less than a quarter of its memory, and it makes the file a part of the
// running program: who cuts it short kills the program. The alignment is in the format for those whom that serves.
//
// # Compression
//
// With [Options.Compress] the file remains a module. A frame around the whole file would compress a little better, but
// it would have to be undone before anything can be looked at, and on one core. Instead each section of godwit's own is a
// frame, and the memories' contents are in godwit.data sections, a block of at most 1 MiB in each, compressed on all
// cores and decompressed on all cores, straight into memory. The price: other tools do not see memory contents.
//
// # Writing to disk
//
// [WriteFile] writes to a temporary file in the same folder, waits until it is on disk, and renames it. Whatever fails,
// and whenever, under the name there is the old file or the whole new one.
package state
