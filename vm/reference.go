package vm

// RefKind says what a reference refers to. A reference is a number of 64 bits, as every value is, and 0 is null.
//
// A reference to a function is what [Func.Ref] gives; its type tells it apart from the others, which have their kind in
// the two upper bits:
//
//	00  something of the embedder's: HostRef makes it of a number, HostNumber gives the number back
//	10  an object of the program's heap: a structure, an array, an exception. It moves and dies with the program
//	11  an i31: I31 makes it, I31Value takes it apart
//
// The conversions between externref and anyref leave it as it is. References of the first and third kind mean the same in
// a program that was restored. One to an object or a function means something to its own program alone.
type RefKind uint8

const (
	// RefNull is the null reference.
	RefNull RefKind = iota
	// RefHost is a reference to something of the embedder's.
	RefHost
	// RefObject is a reference to a structure, an array or an exception.
	RefObject
	// RefI31 is a number of 31 bits.
	RefI31
)

// refKindShift is where the kind begins, i31Bits how many bits an i31 has.
const (
	refKindShift = 62
	i31Bits      = 31
)

// MaxHostRef is the largest number that [HostRef] takes.
const MaxHostRef = 1<<refKindShift - 1

// KindOfRef is the kind of a reference of any type but those of functions.
func KindOfRef(ref uint64) RefKind {
	switch {
	case ref == 0:
		return RefNull
	case ref>>refKindShift == 2:
		return RefObject
	case ref>>refKindShift == 3:
		return RefI31
	}
	return RefHost
}

// HostRef is the reference to the embedder's object of number n, which is from 1 to MaxHostRef; ok is false for others.
// What the numbers stand for is the embedder's affair, also in restored programs.
func HostRef(n uint64) (ref uint64, ok bool) { return n, n-1 < MaxHostRef }

// Retain keeps the object that ref refers to until Release has been called as often. A reference to an object is else
// good only until wasm runs the next time: from then on the object may be gone. ok is false for a reference to one that is
// gone already; all others are fine. What is retained is not part of snapshots.
//
// Both may be called when a [Global] may be used.
func (p *Program) Retain(ref uint64) (ok bool) { return p.store.Retain(ref) }

// Release undoes a Retain of the same reference.
func (p *Program) Release(ref uint64) { p.store.Release(ref) }

// HostNumber is the number that HostRef made the reference of; ok is false when it refers to something else.
func HostNumber(ref uint64) (n uint64, ok bool) { return ref, KindOfRef(ref) == RefHost }

// I31 is the reference to the lower 31 bits of v.
func I31(v int32) uint64 { return 3<<refKindShift | uint64(uint32(v)&(1<<i31Bits-1)) }

// I31Value is the number of an i31, taken as signed; ok is false when the reference is to something else.
func I31Value(ref uint64) (v int32, ok bool) {
	return int32(uint32(ref)<<1) >> 1, KindOfRef(ref) == RefI31
}
