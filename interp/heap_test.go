package interp

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"
)

// heapTypes are run-time types made by hand: a pair of references, a structure with a number and a reference, leaves, and
// arrays of references, bytes and v128.
const (
	pairType = iota + 1
	mixedType
	leafType
	refsType
	bytesType
	vectorsType
	wideType
)

func heapTypes() []*rtt {
	types := []*rtt{nil,
		{size: 24, refs: []uint32{8, 16}},
		{size: 32, refs: []uint32{24}},
		{size: 16, leaf: 1},
		{size: 8, elemSize: 8, elemRefs: true},
		{size: 8, elemSize: 1, leaf: 1},
		{size: 8, elemSize: 16, leaf: 1},
		{size: 9008, refs: []uint32{8, 4096, 9000}},
	}
	for id, r := range types[1:] {
		r.id = uint32(id + 1)
	}
	return types
}

// testHeap is a heap whose roots are a slice.
type testHeap struct {
	*heap
	roots []uint64
	types []*rtt
}

func newTestHeap(limit uint64) *testHeap {
	x := &testHeap{types: heapTypes()}
	x.heap = newHeap(limit, &x.types, func(h *heap) { h.shadeAll(x.roots) })
	return x
}

// make makes an object as an instruction does: a collection may begin.
func (x *testHeap) make(typ int, length uint32) (uint64, bool) {
	r := x.types[typ]
	if ref, ok := x.hole(r, length); ok {
		return ref, true
	}
	return x.newSlow(r, uint64(r.size)+uint64(r.elemSize)*uint64(length), length, true)
}

func (x *testHeap) must(typ int, length uint32) uint64 {
	ref, ok := x.make(typ, length)
	if !ok {
		panic("the heap is full")
	}
	return ref
}

func (x *testHeap) get(ref uint64, at uintptr) uint64 { return le64(unsafe.Add(x.at(ref), at)) }

func (x *testHeap) set(ref uint64, at uintptr, v uint64) {
	p := unsafe.Add(x.at(ref), at)
	if x.marking {
		x.shade(le64(p))
	}
	put64(p, v)
}

// check makes sure of the invariants.
func (x *testHeap) check(t *testing.T) {
	t.Helper()
	h := x.heap
	for b := range h.blocks {
		used, mark := h.used[b*blockWords:(b+1)*blockWords], h.mark[b*blockWords:(b+1)*blockWords]
		swept := !h.sweeping || b < h.sweepAt
		for k := range used {
			if h.marking && mark[k]&^used[k] != 0 {
				t.Fatalf("block %d has marks where no object is", b)
			}
			if !h.marking && swept && mark[k] != 0 {
				t.Fatalf("block %d has marks outside of a cycle", b)
			}
			if h.blocks[b].kind == blockFree && used[k]|mark[k] != 0 {
				t.Fatalf("block %d is free and has bits", b)
			}
		}
		if free := h.free[b>>6]>>(b&63)&1 != 0; free != (h.blocks[b].kind == blockFree) {
			t.Fatalf("block %d: free %v, kind %d", b, free, h.blocks[b].kind)
		}
	}
}

func TestHeapObjectsAreZeroAndApart(t *testing.T) {
	x := newTestHeap(64 << 20)
	type object struct {
		ref  uint64
		size uintptr
	}
	var all []object
	rng := rand.New(rand.NewSource(1))
	for i := range 20000 {
		typ := 1 + rng.Intn(len(x.types)-1)
		n := uint32(0)
		if x.types[typ].elemSize != 0 {
			n = uint32(rng.Intn(1 << rng.Intn(12)))
		}
		ref := x.must(typ, n)
		r := x.types[typ]
		size := uintptr(r.size) + uintptr(r.elemSize)*uintptr(n)
		if x.rttOf(ref) != r || x.lengthOf(ref) != n || !x.valid(ref) {
			t.Fatalf("object %d: type %d, length %d, valid %v", i, x.rttOf(ref).id, x.lengthOf(ref), x.valid(ref))
		}
		body := unsafe.Slice((*byte)(unsafe.Add(x.at(ref), headerSize)), size-headerSize)
		for k := range body {
			if body[k] != 0 {
				t.Fatalf("object %d, of %d bytes, is not zero at %d", i, size, k)
			}
			if r.leaf == 1 {
				body[k] = byte(i)
			}
		}
		all = append(all, object{ref, size})
		x.roots = append(x.roots, ref)
		if i%3 == 0 { // makes holes
			k := rng.Intn(len(all))
			x.roots[k], x.roots = x.roots[len(x.roots)-1], x.roots[:len(x.roots)-1]
			all[k], all = all[len(all)-1], all[:len(all)-1]
		}
		if i%4000 == 0 {
			x.collect()
			x.check(t)
		}
	}
	end := map[uintptr]uintptr{}
	for _, o := range all {
		from := uintptr(o.ref &^ refBits)
		for at := from / 8; at < (from+o.size+7)/8; at++ {
			if other, ok := end[at]; ok {
				t.Fatalf("objects at %#x and %#x overlap", other, from)
			}
			end[at] = from
		}
	}
}

func TestHeapReclaims(t *testing.T) {
	for _, typ := range []int{pairType, leafType, wideType} {
		x := newTestHeap(64 << 20)
		for range 300_000_000 / int(x.types[typ].size) {
			x.must(typ, 0)
		}
		if n := len(x.blocks) * blockSize; n > 2*minHeap {
			t.Errorf("type %d: %d bytes for nothing but garbage", typ, n)
		}
		if x.stats.cycles < 20 || x.stats.full > 0 {
			t.Errorf("type %d: %d cycles, %d full", typ, x.stats.cycles, x.stats.full)
		}
		x.check(t)
	}
}

// TestHeapModel changes objects at random beside a model made of Go objects, while cycles begin and go on at any moment.
func TestHeapModel(t *testing.T) {
	steps := 400_000
	if testing.Short() {
		steps = 60_000
	}
	for seed := range int64(4) {
		x := newTestHeap(256 << 20)
		rng := rand.New(rand.NewSource(seed))
		type node struct {
			ref  uint64
			id   uint64
			refs []*node
		}
		// Objects are arrays of references whose last element is a number that no other has, as an i31.
		const i31Tag = 3 << 62
		var roots [64]*node
		x.roots = make([]uint64, len(roots))
		next := uint64(0)
		pick := func() *node {
			n := roots[rng.Intn(len(roots))]
			for n != nil && rng.Intn(4) != 0 {
				m := n.refs[rng.Intn(len(n.refs))]
				if m == nil {
					break
				}
				n = m
			}
			return n
		}
		verify := func() (count int) {
			seen := map[*node]bool{}
			todo := append([]*node(nil), roots[:]...)
			for len(todo) > 0 {
				n := todo[len(todo)-1]
				todo = todo[:len(todo)-1]
				if n == nil || seen[n] {
					continue
				}
				seen[n] = true
				if !x.valid(n.ref) || x.lengthOf(n.ref) != uint32(len(n.refs)+1) {
					t.Fatalf("seed %d: object %d at %#x is gone", seed, n.id, n.ref)
				}
				if got := x.get(n.ref, uintptr(8+8*len(n.refs))); got != i31Tag|n.id {
					t.Fatalf("seed %d: object %d has become %#x", seed, n.id, got)
				}
				for k, m := range n.refs {
					want := uint64(0)
					if m != nil {
						want = m.ref
					}
					if got := x.get(n.ref, uintptr(8+8*k)); got != want {
						t.Fatalf("seed %d: object %d refers to %#x, not %#x", seed, n.id, got, want)
					}
				}
				todo = append(todo, n.refs...)
			}
			return len(seen)
		}
		for i := range steps {
			switch rng.Intn(8) {
			case 0, 1, 2, 3: // a new object, put somewhere
				size := 1 + rng.Intn(6)
				if rng.Intn(500) == 0 {
					size = 1 + rng.Intn(4000)
				}
				n := &node{id: next, refs: make([]*node, size)}
				next++
				n.ref = x.must(refsType, uint32(size+1))
				put64(unsafe.Add(x.at(n.ref), 8+8*size), i31Tag|n.id)
				if m := pick(); m != nil && rng.Intn(4) != 0 {
					k := rng.Intn(len(m.refs))
					m.refs[k] = n
					x.set(m.ref, uintptr(8+8*k), n.ref)
				} else {
					k := rng.Intn(len(roots))
					roots[k], x.roots[k] = n, n.ref
				}
			case 4, 5: // moves a reference and clears where it was
				a, b := pick(), pick()
				if a == nil || b == nil {
					break
				}
				k, l := rng.Intn(len(a.refs)), rng.Intn(len(b.refs))
				v := a.refs[k]
				a.refs[k] = nil
				x.set(a.ref, uintptr(8+8*k), 0)
				b.refs[l] = v
				ref := uint64(0)
				if v != nil {
					ref = v.ref
				}
				x.set(b.ref, uintptr(8+8*l), ref)
			case 6: // moves one to a root, as a stack does, and clears it
				a := pick()
				if a == nil {
					break
				}
				k, l := rng.Intn(len(a.refs)), rng.Intn(len(roots))
				if a.refs[k] == nil {
					break
				}
				roots[l], x.roots[l] = a.refs[k], a.refs[k].ref
				a.refs[k] = nil
				x.set(a.ref, uintptr(8+8*k), 0)
			case 7: // the collector does something
				switch {
				case x.marking:
					x.advance(x.marked+uint64(rng.Intn(4000)), 1+rng.Intn(500))
				case x.sweeping:
					x.sweep(1 + rng.Intn(4))
				case rng.Intn(100) == 0:
					x.begin()
				}
			}
			if i%(steps/20) == 0 {
				verify()
				x.check(t)
			}
		}
		if x.stats.cycles < 5 {
			t.Errorf("seed %d: only %d cycles", seed, x.stats.cycles)
		}
		want := verify()
		x.collect()
		if got := verify(); got != want {
			t.Fatalf("%d objects have become %d", want, got)
		}
		x.check(t)
		if got := x.countObjects(); got != want {
			t.Errorf("seed %d: %d objects are left, %d can be reached", seed, got, want)
		}
	}
}

// countObjects counts what is in use; there must be no holes in progress.
func (x *testHeap) countObjects() (n int) {
	for b := range x.blocks {
		for off := uintptr(b) << blockBits; off < uintptr(b+1)<<blockBits; off += granule {
			if x.valid(objectBit | uint64(off)) {
				n++
			}
		}
	}
	return n
}

func TestHeapLimit(t *testing.T) {
	for _, limit := range []uint64{1 << 20, 8 << 20} {
		x := newTestHeap(limit)
		// A list that is never let go of ends at the limit.
		x.roots = []uint64{0}
		n := 0
		for {
			ref, ok := x.make(pairType, 0)
			if !ok {
				break
			}
			x.set(ref, 8, x.roots[0])
			x.roots[0] = ref
			n++
		}
		if got := uint64(n) * 24; got < limit/10*9 || got > limit {
			t.Errorf("limit %d: the list has %d bytes", limit, got)
		}
		length := 0
		for ref := x.roots[0]; ref != 0; ref = x.get(ref, 8) {
			length++
		}
		if length != n {
			t.Errorf("the list has %d of %d objects", length, n)
		}
		// Half of it gone, there is room again.
		for ref := x.roots[0]; ref != 0; ref = x.get(ref, 8) {
			if n--; n == length/2 {
				x.set(ref, 8, 0)
				break
			}
		}
		for range length / 3 {
			x.set(x.must(pairType, 0), 8, 0)
		}
		x.roots[0] = 0
		for range 100 * length {
			x.must(leafType, 0)
		}
		if _, ok := x.make(bytesType, uint32(limit/2)); !ok {
			t.Errorf("limit %d: no room for a large array in an empty heap", limit)
		}
		x.check(t)
	}
}

// TestHeapAbsurdLength asks for arrays that no heap has room for: an answer, no work.
func TestHeapAbsurdLength(t *testing.T) {
	x := newTestHeap(1 << 20)
	for _, typ := range []int{refsType, vectorsType, bytesType} {
		for _, n := range []uint32{1 << 20, 1<<31 - 1, 1<<32 - 1} {
			if _, ok := x.make(typ, n); ok {
				t.Errorf("%d elements of type %d fit into 1 MiB", n, typ)
			}
		}
	}
	if len(x.blocks) > 0 || x.stats.cycles > 0 {
		t.Errorf("%d blocks and %d cycles for nothing", len(x.blocks), x.stats.cycles)
	}
}

func TestHeapLargeObjects(t *testing.T) {
	x := newTestHeap(64 << 20)
	rng := rand.New(rand.NewSource(3))
	x.roots = make([]uint64, 40)
	for i := range 5000 {
		k := rng.Intn(len(x.roots))
		n := uint32(1 + rng.Intn(1<<(10+rng.Intn(8))))
		ref := x.must(refsType, n)
		if first, last := x.get(ref, 8), x.get(ref, uintptr(n)*8); first != 0 || last != 0 {
			t.Fatal("a large array is not zero")
		}
		put64(unsafe.Add(x.at(ref), uintptr(n)*8), x.roots[rng.Intn(len(x.roots))]) // keeps another one
		if rng.Intn(5) == 0 {
			x.set(ref, uintptr(n)*8, 0)
		}
		x.roots[k] = ref
		if i%10 == 0 {
			clear(x.roots[:20])
		}
	}
	if x.stats.cycles < 5 {
		t.Errorf("only %d cycles", x.stats.cycles)
	}
	x.check(t)
	clear(x.roots)
	x.collect()
	if x.live != 0 || x.countObjects() != 0 {
		t.Errorf("%d bytes and %d objects are left of nothing", x.live, x.countObjects())
	}
	for b := range x.blocks {
		if x.blocks[b].kind != blockFree {
			t.Fatalf("block %d is not free", b)
		}
	}
}

func TestHeapValid(t *testing.T) {
	x := newTestHeap(1 << 20)
	ref := x.must(pairType, 0)
	big := x.must(bytesType, 100_000)
	for _, bad := range []uint64{0, 1, ref + 8, ref + 24, ref | 1<<62, ref &^ objectBit, big + blockSize, big + 8, objectBit | 1<<50, objectBit | refBits, ^uint64(0)} {
		if x.valid(bad) {
			t.Errorf("%#x is taken for an object", bad)
		}
	}
	if !x.valid(ref) || !x.valid(big) {
		t.Error("an object is not taken for one")
	}
	x.collect()
	if x.valid(ref) || x.valid(big) {
		t.Error("a dead object is taken for one")
	}
}

// BenchmarkHeapAlloc allocates garbage: what an object costs.
func BenchmarkHeapAlloc(b *testing.B) {
	for _, c := range []struct {
		name string
		typ  int
		n    uint32
	}{{"leaf16", leafType, 0}, {"pair24", pairType, 0}, {"mixed32", mixedType, 0}, {"refs72", refsType, 8}, {"bytes1K", bytesType, 1000}, {"bytes64K", bytesType, 64 << 10}} {
		b.Run(c.name, func(b *testing.B) {
			x := newTestHeap(1 << 30)
			for range b.N {
				x.must(c.typ, c.n)
			}
			runtime.KeepAlive(x)
		})
	}
	b.Run("Go/pair24", func(b *testing.B) {
		for range b.N {
			goSink = new(goPair)
		}
	})
	b.Run("Go/bytes1K", func(b *testing.B) {
		for range b.N {
			goBytes = make([]byte, 1000)
		}
	})
}

type goPair struct {
	_    uint64 // a header
	_, _ *goPair
}

var (
	goSink  *goPair
	goBytes []byte
)

// In a heap that has been given back nothing is made, though there was room where the last object was.
func TestClosedHeapMakesNothing(t *testing.T) {
	x := newTestHeap(4 << 20)
	x.must(mixedType, 0)
	x.close()
	if ref, ok := x.make(mixedType, 0); ok {
		t.Errorf("an object was made at %#x", ref)
	}
}

// BenchmarkHeapPause replaces objects of a heap of 1 GiB of live ones at random and reports the longest time that one
// allocation took.
func BenchmarkHeapPause(b *testing.B) {
	for _, live := range []int{64 << 20, 1 << 30} {
		b.Run(fmt.Sprintf("%dMiB", live>>20), func(b *testing.B) {
			x := newTestHeap(4 << 30)
			defer x.close()
			rng := rand.New(rand.NewSource(1))
			const fan = 64
			lists := live / (32 * fan)
			x.roots = []uint64{0}
			x.roots[0] = x.must(refsType, uint32(lists))
			renew := func() {
				head := uint64(0)
				x.roots = append(x.roots, 0)
				for range fan {
					ref := x.must(mixedType, 0)
					put64(unsafe.Add(x.at(ref), 24), head)
					head, x.roots[1] = ref, ref
				}
				x.roots = x.roots[:1]
				x.set(x.roots[0], uintptr(8+8*rng.Intn(lists)), head)
			}
			for k := range lists {
				renew()
				_ = k
			}
			for k := range lists {
				if x.get(x.roots[0], uintptr(8+8*k)) == 0 {
					head := uint64(0)
					x.roots = append(x.roots, 0)
					for range fan {
						ref := x.must(mixedType, 0)
						put64(unsafe.Add(x.at(ref), 24), head)
						head, x.roots[1] = ref, ref
					}
					x.roots = x.roots[:1]
					x.set(x.roots[0], uintptr(8+8*k), head)
				}
			}
			cycles := x.stats.cycles
			b.ResetTimer()
			start := time.Now()
			var longest time.Duration
			for range b.N {
				before := time.Now()
				renew()
				longest = max(longest, time.Since(before))
			}
			b.ReportMetric(float64(longest.Microseconds()), "µs-longest")
			b.ReportMetric(float64(time.Since(start).Nanoseconds())/float64(b.N)/fan, "ns/object")
			b.ReportMetric(float64(x.stats.cycles-cycles), "cycles")
			b.ReportMetric(float64(len(x.blocks)*blockSize>>20), "MiB")
			b.ReportMetric(float64(x.stats.full), "full")
		})
	}
}

var stressFlag = flag.Bool("heapstress", false, "collect at every allocation")

func TestMain(m *testing.M) {
	flag.Parse()
	stressHeaps = *stressFlag
	reserveMax = 64 << 20
	os.Exit(m.Run())
}
