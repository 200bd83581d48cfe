package jit

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasm"
)

// The format of a code file. Numbers are little-endian.
//
//	header   magic 8, version 4, number of units 4, cacheID 64, size of the file 8, sum 16
//	index    an entry of cacheEntrySize bytes for each unit, ascending by cacheKey
//	payloads one behind the other in the order of the index, with nothing between and nothing behind
//
// The header's sum is over the rest of the header and the index, that in an entry over the unit's payload. So every byte is covered by a sum, and
// a unit can be checked and used without looking at others. Sums are the first half of a SHA-256: they are not there to withstand
// somebody who may write the file, for he could write any machine code, but none is to be run that was damaged.

const (
	cacheMagic = "godwit\x00c"
	// cacheVersion changes with the format.
	cacheVersion   = 3
	cacheHeader    = 104
	cacheEntrySize = 48
	sumSize        = 16

	// maxCacheUnits and maxCacheFile bound a code file: a function of a module each, and some loops; machine code and as much again for what is
	// known of it.
	maxCacheUnits = 1 << 18
	maxCacheFile  = 2 * maxModuleCode

	storedHeader = 36
	storedSite   = 48
	storedInline = 24
)

// cacheID says what code is good for.
type cacheID struct {
	module [32]byte // SHA-256 of the binary
	target [32]byte // see targetID
}

// cacheKey names a unit in a file. The interpreter's code that it was made beside is part of it through its shape.
type cacheKey struct {
	unitKey
	memory interp.NativeMemory
}

// bits is what of a key is yes or no.
func (k cacheKey) bits() (bits uint32) {
	for i, yes := range [...]bool{k.memory.Guarded, k.memory.Fixed, k.counts} {
		if yes {
			bits |= 1 << i
		}
	}
	return bits
}

func (k cacheKey) compare(o cacheKey) int {
	pack := func(k cacheKey) (a, b uint64) {
		return uint64(k.fn)<<32 | uint64(uint32(int32(k.loop)+1)), uint64(k.bits())
	}
	a, b := pack(k)
	c, d := pack(o)
	switch {
	case a < c || a == c && b < d:
		return -1
	case a == c && b == d:
		return 0
	}
	return 1
}

// cacheEntry is an entry of an index.
type cacheEntry struct {
	key    cacheKey
	size   uint32 // of the payload
	offset uint64 // of the payload, in the file
	shape  uint64 // interp.NativeShape.Sum of the function
	sum    [sumSize]byte
}

func sumOf(parts ...[]byte) (sum [sumSize]byte) {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	copy(sum[:], h.Sum(nil))
	return sum
}

func (e *cacheEntry) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, e.key.fn)
	b = binary.LittleEndian.AppendUint32(b, uint32(int32(e.key.loop)))
	b = binary.LittleEndian.AppendUint32(b, e.key.bits())
	b = binary.LittleEndian.AppendUint32(b, e.size)
	b = binary.LittleEndian.AppendUint64(b, e.offset)
	b = binary.LittleEndian.AppendUint64(b, e.shape)
	return append(b, e.sum[:]...)
}

// cacheIndex is an index as it is in the file, which checkIndex has accepted.
type cacheIndex []byte

func (x cacheIndex) len() int { return len(x) / cacheEntrySize }

func (x cacheIndex) at(i int) cacheEntry {
	b := x[i*cacheEntrySize:][:cacheEntrySize]
	bits := binary.LittleEndian.Uint32(b[8:])
	e := cacheEntry{
		key: cacheKey{
			unitKey{binary.LittleEndian.Uint32(b), int(int32(binary.LittleEndian.Uint32(b[4:]))), bits&4 != 0},
			interp.NativeMemory{Guarded: bits&1 != 0, Fixed: bits&2 != 0},
		},
		size:   binary.LittleEndian.Uint32(b[12:]),
		offset: binary.LittleEndian.Uint64(b[16:]),
		shape:  binary.LittleEndian.Uint64(b[24:]),
	}
	copy(e.sum[:], b[32:])
	return e
}

// find looks a unit up.
func (x cacheIndex) find(key cacheKey) (e cacheEntry, ok bool) {
	lo, hi := 0, x.len()
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		e = x.at(mid)
		switch c := e.key.compare(key); {
		case c == 0:
			return e, true
		case c < 0:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return cacheEntry{}, false
}

// appendHeader appends the header of a file with that index.
func appendHeader(b []byte, id cacheID, index cacheIndex, size uint64) []byte {
	at := len(b)
	b = append(b, cacheMagic...)
	b = binary.LittleEndian.AppendUint32(b, cacheVersion)
	b = binary.LittleEndian.AppendUint32(b, uint32(index.len()))
	b = append(b, id.module[:]...)
	b = append(b, id.target[:]...)
	b = binary.LittleEndian.AppendUint64(b, size)
	sum := sumOf(b[at:], index)
	return append(b, sum[:]...)
}

// Why a file is not used.
var (
	errNoCode     = errors.New("it is no code file of this version of godwit")
	errOtherCode  = errors.New("its code was made of another module")
	errOtherHost  = errors.New("its code was made for another processor, or by another build of godwit")
	errDamaged    = errors.New("it is damaged")
	errOtherShape = errors.New("it was made beside other code of the interpreter's")
)

// checkHeader reads the header of a file of that size, and says how many units are in it.
func checkHeader(b []byte, id cacheID, size int64) (units int, err error) {
	if len(b) < cacheHeader || string(b[:8]) != cacheMagic || binary.LittleEndian.Uint32(b[8:]) != cacheVersion {
		return 0, errNoCode
	}
	n := binary.LittleEndian.Uint32(b[12:])
	switch {
	case !bytes.Equal(b[16:48], id.module[:]):
		return 0, errOtherCode
	case !bytes.Equal(b[48:80], id.target[:]):
		return 0, errOtherHost
	case binary.LittleEndian.Uint64(b[80:]) != uint64(size), size > maxCacheFile, n > maxCacheUnits, int64(n)*cacheEntrySize > size-cacheHeader:
		return 0, errDamaged
	}
	return int(n), nil
}

// checkIndex checks header and index against the sum, and the index in itself.
func checkIndex(header []byte, index cacheIndex, size int64) error {
	sum := sumOf(header[:cacheHeader-sumSize], index)
	if !bytes.Equal(sum[:], header[cacheHeader-sumSize:cacheHeader]) {
		return errDamaged
	}
	end := uint64(cacheHeader) + uint64(len(index))
	for i := range index.len() {
		e := index.at(i)
		if e.key.loop < -1 || e.offset != end || i > 0 && index.at(i-1).key.compare(e.key) >= 0 {
			return errDamaged
		}
		end += uint64(e.size)
	}
	if end != uint64(size) {
		return errDamaged
	}
	return nil
}

// storedUnit is a unit as it is in a payload: without addresses, and without steps, which are made again of the types of the operand
// stack that they were made for.
type storedUnit struct {
	sites, faults             []interp.NativeSite
	siteOffsets, faultOffsets []uint32
	stacks                    [][]wasm.ValType // of each site, nil where it has no step
	entry, fast, room, frame  int
	code                      []byte
}

// appendUnit appends the payload of a unit. shapes are those of functions that are inlined in it.
func appendUnit(b []byte, u *interp.NativeUnit, code []byte, entry, fast int, shapes func(fn uint32) uint64) []byte {
	var types []wasm.ValType
	for i := range u.Sites {
		if st := u.Sites[i].Step; st != nil {
			types = append(types, st.Stack()...)
		}
	}
	inlined := inlinedIn(u)
	for _, n := range []int{len(code), entry, fast, len(u.Sites), len(u.Faults), len(types), u.Room, len(inlined.list), int(u.FrameBytes)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	at := 0
	site := func(offset uint32, s *interp.NativeSite) {
		n := 0
		if s.Step != nil {
			n = len(s.Step.Stack())
		}
		b = binary.LittleEndian.AppendUint32(b, offset)
		b = append(b, byte(s.Kind), byte(s.Trap), byte(s.RegA), byte(s.RegB))
		for _, x := range []uint32{s.Pos, s.Callee, uint32(s.Point), uint32(s.Acc), uint32(s.ArgSlot), uint32(s.FrameBytes), uint32(at), uint32(n), inlined.number[s.Inlined], uint32(s.Mark)} {
			b = binary.LittleEndian.AppendUint32(b, x)
		}
		at += n
	}
	for i := range u.Sites {
		site(u.SiteOffsets[i], &u.Sites[i])
	}
	for i := range u.Faults {
		site(u.FaultOffsets[i], &u.Faults[i])
	}
	for _, t := range types {
		b = binary.LittleEndian.AppendUint32(b, uint32(t))
	}
	for _, n := range inlined.list {
		for _, x := range []uint32{inlined.number[n.Parent], n.Func, uint32(n.Point), uint32(n.Base)} {
			b = binary.LittleEndian.AppendUint32(b, x)
		}
		b = binary.LittleEndian.AppendUint64(b, shapes(n.Func))
	}
	return append(b, code...)
}

// inlines are the functions inlined in a unit, callers first, and their numbers from 1; 0 is none.
type inlines struct {
	list   []*interp.NativeInline
	number map[*interp.NativeInline]uint32
}

func inlinedIn(u *interp.NativeUnit) *inlines {
	l := &inlines{number: map[*interp.NativeInline]uint32{nil: 0}}
	for _, sites := range [...][]interp.NativeSite{u.Sites, u.Faults} {
		for i := range sites {
			l.add(sites[i].Inlined)
		}
	}
	return l
}

func (l *inlines) add(n *interp.NativeInline) {
	if _, ok := l.number[n]; ok {
		return
	}
	l.add(n.Parent)
	l.list = append(l.list, n)
	l.number[n] = uint32(len(l.list))
}

// storedLimits is what the numbers of a function's sites in a unit must stay within.
type storedLimits struct {
	shape      interp.NativeShape
	begin, end uint32 // of the function's body, in the module
}

// readUnit reads a payload, whose sum was right. The code is part of b.
func readUnit(b []byte, m *interp.Module, fn uint32) (*storedUnit, error) {
	if len(b) < storedHeader {
		return nil, errDamaged
	}
	word := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(b[4*i:])) }
	code, entry, fast, sites, faults, types, room, inlined, frame := word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7), word(8)
	// Each count is less than 2³², so that nothing overflows.
	if uint64(len(b)) != storedHeader+(sites+faults)*storedSite+4*types+storedInline*inlined+code || code > maxCode || entry >= code || fast >= code || room > math.MaxUint16 || frame > maxFrame {
		return nil, errDamaged
	}
	u := &storedUnit{entry: int(entry), fast: int(fast), room: int(room), frame: int(frame), code: b[uint64(len(b))-code:]}
	r := storedReader{b: b[storedHeader:], code: uint32(code), room: int32(room)}
	r.types = b[storedHeader+(sites+faults)*storedSite:][:4*types]
	if err := r.functions(m, fn, b[uint64(len(b))-code-storedInline*inlined:][:storedInline*inlined]); err != nil {
		return nil, err
	}
	u.sites, u.siteOffsets, u.stacks = r.list(int(sites), false)
	u.faults, u.faultOffsets, _ = r.list(int(faults), true)
	if r.bad || len(r.types) != 0 {
		return nil, errDamaged
	}
	return u, nil
}

// storedReader reads sites.
type storedReader struct {
	b, types []byte                 // what is left
	limits   []storedLimits         // of the unit's own function, and of those that are inlined
	inlined  []*interp.NativeInline // the same; the first one is nil
	funcs    int
	code     uint32 // its length
	room     int32
	bad      bool
	used     uint32 // types that have been read
}

// functions reads what is inlined in a unit of function fn, from b.
func (r *storedReader) functions(m *interp.Module, fn uint32, b []byte) error {
	r.funcs = len(m.Wasm().FuncTypes)
	l, err := limitsOf(m, fn)
	if err != nil {
		return err
	}
	if int(r.room) < l.shape.Room {
		return errDamaged
	}
	r.limits, r.inlined = []storedLimits{l}, []*interp.NativeInline{nil}
	for ; len(b) > 0; b = b[storedInline:] {
		word := func(i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
		parent := word(0)
		if parent >= uint32(len(r.inlined)) || int(word(1)) < m.Wasm().NumImportedFuncs || int64(word(1)) >= int64(r.funcs) {
			return errDamaged
		}
		caller, above := &r.limits[parent], r.inlined[parent]
		n := &interp.NativeInline{Parent: above, Func: word(1), Point: int32(word(2)), Base: int32(word(3)), Depth: int32(above.Frames() + 1)}
		if l, err = limitsOf(m, n.Func); err != nil {
			return err
		}
		if l.shape.Sum != binary.LittleEndian.Uint64(b[16:]) {
			return errOtherShape
		}
		if n.Point < 1 || int64(n.Point) >= int64(caller.shape.Instrs) || n.Base < 0 || int64(n.Base)+int64(l.shape.Room) > int64(r.room) ||
			above != nil && n.Base < above.Base || n.Depth > maxInlineDepth {
			return errDamaged
		}
		r.limits, r.inlined = append(r.limits, l), append(r.inlined, n)
	}
	return nil
}

func (r *storedReader) list(n int, faults bool) (sites []interp.NativeSite, offsets []uint32, stacks [][]wasm.ValType) {
	sites, offsets, stacks = make([]interp.NativeSite, n), make([]uint32, n), make([][]wasm.ValType, n)
	for i := range n {
		if r.bad {
			break
		}
		offsets[i], stacks[i] = r.site(&sites[i])
		if i > 0 && offsets[i] <= offsets[i-1] || offsets[i] > r.code || (sites[i].Kind == interp.SiteFault) != faults {
			r.bad = true
		}
	}
	return sites, offsets, stacks
}

// noTrap is beyond the codes of traps.
const noTrap = interp.TrapExpectedShared + 1

func (r *storedReader) site(s *interp.NativeSite) (offset uint32, stack []wasm.ValType) {
	b := r.b[:storedSite]
	r.b = r.b[storedSite:]
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
	*s = interp.NativeSite{
		Kind: interp.SiteKind(b[4]), Trap: interp.TrapCode(b[5]), RegA: int8(b[6]), RegB: int8(b[7]),
		Pos: word(2), Callee: word(3), Point: int32(word(4)), Acc: int32(word(5)), ArgSlot: int32(word(6)), FrameBytes: int32(word(7)), Mark: interp.Mark(word(11)),
	}
	at, n, in := word(8), word(9), word(10)
	if in >= uint32(len(r.inlined)) {
		r.bad = true
		return word(0), nil
	}
	s.Inlined = r.inlined[in]
	l, room := &r.limits[in], r.room
	r.bad = r.bad || s.Mark < 0 || int64(s.Mark) >= 2*int64(l.shape.Instrs) || s.Kind > interp.SiteSide || s.Trap >= noTrap || s.RegA < 0 || s.RegA > 31 || s.RegB < 0 || s.RegB > 31 ||
		(s.Pos < l.begin || s.Pos > l.end) && (s.Pos != 0 || s.Kind != interp.SiteEntry) || s.Callee >= uint32(r.funcs) && (s.Callee != interp.NoCallee || s.Kind != interp.SiteCall) || // a call through a reference has that
		s.Point < -1 || int64(s.Point) > int64(l.shape.Instrs) ||
		s.Acc < -1 || s.Acc >= room || s.ArgSlot < 0 || s.ArgSlot > room || s.FrameBytes < 0
	switch s.Kind {
	case interp.SiteStep:
		r.bad = r.bad || in != 0 // it is made of the unit's own function
	case interp.SiteImport:
		r.bad = r.bad || s.Point < 1
	case interp.SiteExit, interp.SiteSide, interp.SitePoll:
		r.bad = r.bad || s.Point < 0 || int(s.Point) >= l.shape.Instrs
	case interp.SiteTrap, interp.SiteFault:
		r.bad = r.bad || s.Trap == 0
	}
	if at != r.used || n > 0 && s.Kind != interp.SiteStep || uint64(n)*4 > uint64(len(r.types)) {
		r.bad = true
	}
	if r.bad || s.Kind != interp.SiteStep {
		return word(0), nil
	}
	stack = make([]wasm.ValType, n)
	slots := l.shape.Locals
	for i := range stack {
		t := wasm.ValType(binary.LittleEndian.Uint32(r.types[4*i:]))
		if slots++; t == wasm.V128 {
			slots++
		}
		stack[i] = t
	}
	if slots > l.shape.Room {
		r.bad = true
	}
	r.types, r.used = r.types[4*n:], r.used+n
	return word(0), stack
}

// unit makes a unit of what was read, which has no addresses yet. points are asked for if there are steps.
func (u *storedUnit) unit(key cacheKey, points func() (*interp.NativePoints, error)) (out *interp.NativeUnit, err error) {
	defer func() {
		// Types that do not fit the instruction, with a sum that fits them: the lowerer relies on what the validator has seen.
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("%w: %v", errDamaged, r)
		}
	}()
	var p *interp.NativePoints
	for i := range u.sites {
		s := &u.sites[i]
		if s.Kind != interp.SiteStep {
			continue
		}
		if p == nil {
			if p, err = points(); err != nil {
				return nil, err
			}
		}
		if _, ok := slices.BinarySearchFunc(p.Points, s.Pos, func(at interp.NativePoint, pos uint32) int { return cmp.Compare(at.Offset, pos) }); !ok {
			return nil, errDamaged
		}
		s.Step = p.Step(s.Pos, u.stacks[i])
	}
	return &interp.NativeUnit{
		Func: key.fn, Loop: key.loop, Counts: key.counts, Room: u.room, Memory: key.memory, FrameBytes: int32(u.frame),
		SiteOffsets: u.siteOffsets, Sites: u.sites, FaultOffsets: u.faultOffsets, Faults: u.faults,
	}, nil
}
