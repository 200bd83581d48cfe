package jit

// Register allocation
//
// The allocator works on whole units. It numbers the instructions, computes for each value the ranges of positions in which it is live
// (alloc_live.go), gives the lives registers, the hottest having their way (alloc_scan.go), splits those that do not get one
// for their whole life (alloc_split.go), and writes down the instructions with the moves that follow from all that
// (alloc_resolve.go). alloc_check.go proves afterwards, in tests, that each instruction reads what it should.
//
// # Positions
//
// Each instruction, and the beginning of each block, has four positions. For an instruction at p:
//
//	p    the gap before it: moves that are done at once. What they read is read before p, what they write is there from p on.
//	p+1  the operands are read
//	p+2  the result is written
//	p+3  the gap behind it: moves of a fixed result to its place, and spill stores
//
// A block is [start, end); end is the next block's start. Moves of an edge happen at its end, or at the start of a block that has one
// predecessor only.
//
// # Lives
//
// A life is a piece of a value's ranges together with the uses in it. At first each value has one. Operands that are fixed in a
// register are copied there in the gap before the instruction, which blocks the register for others; a result that must have
// the register of the first operand begins in that gap as a copy of it; a fixed result is copied in the gap behind. So no life is bound to a
// register: there are only hints, which make most of those copies disappear.
//
// A life without a register is in the value's spill slot, or, for a constant, nowhere at all: it is made when it is needed. Constants that
// loops need in registers have lives like other values, but with nothing to store.
//
// # Order
//
// The longest lives choose first. A life takes a register that is free all along, one that it has a hint for if there is one. If there is
// none it may drive out lives that weigh less - weight is the number of accesses saved, by loop depth, per length - and
// else it is split: before the first position where it cannot stay, or rather before the loop around that position, and it comes
// back where it is next needed, or rather before the loop around that. A life that is just long enough for one
// instruction weighs more than all others, so there always is an end.
//
// This is not a linear scan: lives are not dealt with in the order of their beginnings, and one that is hot finds a register
// whatever came first. Each register keeps what it is taken by in order (segments), so that a life costs a search for each.
//
// # Copies
//
// Before all that, values that are copied to each other are put into groups where they are never live at once, and a group chooses its
// register together (alloc_group.go); afterwards each life may still change its mind. Operands that may be exchanged are, where the
// second dies and the first does not (alloc_exchange.go).
//
// # Memory
//
// A value has one spill slot, shared with values that are live elsewhere (alloc_slots.go). It is stored once, where it is
// defined, or wherever it goes from a register to its slot if that is done less often.
import (
	"fmt"
	"sync"

	"github.com/godwit-vm/godwit/jit/ir"
)

// checkAllocations makes allocate prove what it returns. It is for debugging: it takes longer than the allocation.
const checkAllocations = false

// allocate gives the values of f places. Target.Select has been run on f, and critical edges are split.
func allocate(f *ir.Func, t ir.Target) (*ir.Allocation, error) {
	a := allocators.Get().(*allocator)
	a.reset(f, t)
	if err := a.number(); err != nil {
		return nil, err
	}
	f.Check()
	a.findLoops()
	a.exchange()
	if err := a.scan(); err != nil {
		return nil, err
	}
	f.Check()
	a.sortRecords()
	if err := a.buildLives(); err != nil {
		return nil, err
	}
	f.Check()
	a.makeGroups()
	if err := a.assign(); err != nil {
		return nil, err
	}
	f.Check()
	a.recolour()
	a.collectLives()
	a.colourSlots()
	if err := a.resolve(); err != nil {
		return nil, err
	}
	res, err := a.emit()
	if err != nil {
		return nil, err
	}
	if checkAllocations {
		if err := checkAllocation(res, t); err != nil {
			return nil, err
		}
	}
	a.release()
	allocators.Put(a) // not after an error: who knows what state it is in
	return res, nil
}

var allocators = sync.Pool{New: func() any { return new(allocator) }}

// allocator is the state of one allocation. The slices are kept for the next one.
type allocator struct {
	f   *ir.Func
	t   ir.Target
	ops ir.Operands

	blocks     []blockInfo
	blockIndex []int32 // by Block.ID
	blockOf    []int32 // index of the block, by position / 4
	loops      []loopInfo
	instrs     []instr // by position / 4
	operands   []allocOperand
	vals       []valueInfo // by Value.ID
	stack      []int32

	recs, recs2   []record // accesses: as found, and by value
	recCount      []int32
	recSum        []float64 // sums of the weights before each
	hints, hints2 []hint
	ranges        []span
	rangeSum      []int64 // sums of the lengths before each
	mark, liveEnd []int32 // by block index
	liveBlocks    []int32

	last []lastUse // by Value.ID

	classes    [2]ir.RegSet
	order      [2][]ir.Reg
	fixed      [64][]fixedSpan
	calls      []fixedSpan // what takes all registers
	regs       [64]segments
	lives      []life
	queue      []queued
	evict      []int32
	bestEvict  []int32
	byValue    []int32 // indices of lives by value and position
	slots      []slot
	freeChunks [][]segment

	groups     []group
	groupSpans []span
	freeSpans  [maxGroupRoom + 1][]int32 // room in groupSpans that is free, by the log2 of its length
	joined     []span                    // of join
	links      []groupLink

	moves      []move
	spillWords int
	used       ir.RegSet
	seq        sequencer
}

// blockInfo is what is known of a block.
type blockInfo struct {
	b          *ir.Block
	start, end int32
	edge       int32 // index of this block in the only successor's predecessors, when there is one successor
	loop       int32 // innermost, or -1
	freq       float32
}

// loopInfo is a natural loop.
type loopInfo struct {
	header int32 // index of the block
	parent int32 // or -1
	depth  int32
	freq   float32 // how often its blocks run that are not cold
	end    int32   // behind its last block that is not cold
	entry  float32 // how often it is entered
}

// instr is an instruction as its target wants it. v is nil for what is not one: beginnings of blocks, constants.
type instr struct {
	v        *ir.Value
	lo, hi   int32 // operands
	temps    int32 // first life of the temporaries
	result   ir.ResultKind
	early    bool
	fixed    ir.Reg
	intTemps uint8
	nTemps   uint8
}

// allocOperand is a Use.
type allocOperand struct {
	val  int32
	kind ir.UseKind
	reg  ir.Reg
	gap  bool // read in the gap, for the result that has to have the same register
}

// valueInfo is what is known of a value.
type valueInfo struct {
	v        *ir.Value // nil when no instruction has been seen
	def      int32     // where its life begins; -1 when it has none
	defBlock int32
	isConst  bool
	inLoop   bool // a constant that is worth a register
	phi      bool
	toMemory bool // a phi that it is an argument of is in memory

	recLo, recHi     int32
	hintLo, hintHi   int32
	rangeLo, rangeHi int32
	first            int32 // life, or 0; linked by next while lives are assigned
	lifeLo, lifeHi   int32 // in byValue
	slot             int32 // or -1
	group            int32 // or 0
	nextMember       int32 // of the group
}

// reset prepares a for f.
func (a *allocator) reset(f *ir.Func, t ir.Target) {
	a.f, a.t = f, t
	a.blocks = resize(a.blocks, len(f.Blocks))
	a.blockIndex = resize(a.blockIndex, f.NumBlocks())
	a.vals = resize(a.vals, f.NumValues())
	a.blockOf, a.loops, a.instrs, a.operands = a.blockOf[:0], a.loops[:0], a.instrs[:0], a.operands[:0]
	a.calls = a.calls[:0]
	a.recs, a.hints, a.ranges, a.rangeSum = a.recs[:0], a.hints[:0], a.ranges[:0], a.rangeSum[:0]
	a.lives, a.queue, a.slots, a.moves = append(a.lives[:0], life{}), a.queue[:0], a.slots[:0], a.moves[:0]
	a.spillWords, a.used, a.stack = 0, 0, a.stack[:0]
	all := ir.AllocatableIn(t, f)
	const ints = ir.RegSet(1)<<32 - 1
	a.classes = [2]ir.RegSet{all & ints, all &^ ints}
	a.order = [2][]ir.Reg{a.order[0][:0], a.order[1][:0]}
	for r := range a.fixed {
		a.fixed[r] = a.fixed[r][:0]
		a.freeChunks = a.regs[r].clear(a.freeChunks)
		if all.Has(ir.Reg(r)) {
			a.order[r>>5] = append(a.order[r>>5], ir.Reg(r))
		}
	}
	for i := range a.vals {
		a.vals[i].def, a.vals[i].slot = -1, -1
	}
}

// release drops what would keep the function from being collected while a is in the pool.
func (a *allocator) release() {
	a.f, a.t = nil, nil
	clear(a.blocks)
	clear(a.instrs)
	clear(a.vals)
	clear(a.moves)
	clear(a.ops.Uses[:cap(a.ops.Uses)])
}

// number gives positions to blocks.
func (a *allocator) number() error {
	pos := int32(0)
	for i := range a.blockIndex {
		a.blockIndex[i] = -1
	}
	for i, b := range a.f.Blocks {
		if b.Term() == nil {
			return fmt.Errorf("jit: block b%d has no terminator", b.ID)
		}
		a.blockIndex[b.ID] = int32(i)
		bi := &a.blocks[i]
		*bi = blockInfo{b: b, start: pos, loop: -1}
		n := 1
		for _, v := range b.Values {
			if v.Op != ir.OpPhi && !v.Folded {
				n++
			}
		}
		for range n {
			a.blockOf = append(a.blockOf, int32(i))
		}
		if len(a.blockOf) > 1<<28 {
			return fmt.Errorf("jit: function too large")
		}
		pos += int32(n) * 4
		bi.end = pos
	}
	for i, b := range a.f.Blocks {
		for _, s := range b.Succs {
			if len(s.Preds) > 1 && len(b.Succs) > 1 {
				return fmt.Errorf("jit: critical edge from b%d to b%d", b.ID, s.ID)
			}
		}
		for k, p := range b.Preds {
			j := a.blockIndex[p.ID]
			if j < 0 {
				return fmt.Errorf("jit: predecessor b%d of b%d is not in the function", p.ID, b.ID)
			}
			if len(p.Succs) == 1 {
				a.blocks[j].edge = int32(k)
			}
		}
		if i == 0 && len(b.Preds) > 0 {
			return fmt.Errorf("jit: the entry b%d has predecessors", b.ID)
		}
	}
	return nil
}

// findLoops finds natural loops, by edges that lead back in the layout, and says how often blocks run.
func (a *allocator) findLoops() {
	for h := len(a.blocks) - 1; h >= 0; h-- {
		l := int32(-1)
		for _, p := range a.blocks[h].b.Preds {
			if q := a.blockIndex[p.ID]; q >= int32(h) {
				if l < 0 {
					l = int32(len(a.loops))
					a.loops = append(a.loops, loopInfo{header: int32(h), parent: -1})
				}
				a.stack = append(a.stack, q)
			}
		}
		for len(a.stack) > 0 {
			q := a.stack[len(a.stack)-1]
			a.stack = a.stack[:len(a.stack)-1]
			if q < int32(h) {
				continue // an entry that is not by the header: no natural loop
			}
			if in := a.blocks[q].loop; in < 0 {
				a.blocks[q].loop = l
			} else {
				for a.loops[in].parent >= 0 {
					in = a.loops[in].parent
				}
				if in == l {
					continue
				}
				a.loops[in].parent = l
				q = a.loops[in].header
			}
			if q == int32(h) {
				continue
			}
			for _, p := range a.blocks[q].b.Preds {
				a.stack = append(a.stack, a.blockIndex[p.ID])
			}
		}
		if l >= 0 && a.blocks[h].loop < 0 {
			a.blocks[h].loop = l
		}
	}
	// Loops were found from the back: parents come behind.
	for l := len(a.loops) - 1; l >= 0; l-- {
		lp := &a.loops[l]
		lp.depth, lp.entry = 1, 1
		if lp.parent >= 0 {
			lp.depth = a.loops[lp.parent].depth + 1
			lp.entry = a.loops[lp.parent].freq
		}
		lp.freq = lp.entry
		if lp.depth <= 6 {
			lp.freq *= 10
		}
	}
	for i := range a.blocks {
		b := &a.blocks[i]
		b.freq = 1
		if b.loop >= 0 {
			b.freq = a.loops[b.loop].freq
		}
		if b.b.Cold {
			b.freq = coldFreq
			continue
		}
		for l := b.loop; l >= 0 && a.loops[l].end < b.end; l = a.loops[l].parent {
			a.loops[l].end = b.end
		}
	}
}

// coldFreq is how often cold blocks run, for all we care.
const coldFreq = 0.01

// resize makes a slice of length n of zero values, in s's memory if it is large enough.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n+n/4)[:n]
	}
	s = s[:n]
	clear(s)
	return s
}
