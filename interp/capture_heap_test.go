package interp

import (
	"bytes"
	"context"
	"errors"
	"math/rand"
	"slices"
	"testing"
	"unsafe"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// objectTypes are a node with fields of every size that refers to nodes, an array of such references, one of v128 and one
// of functions.
var objectTypes = groups([]wasm.TypeDef{
	structOf(mutable(wasm.I8), mutable(wasm.RefTo(0, true)), mutable(wasm.I16), mutable(wasm.V128), mutable(wasm.F32), mutable(wasm.AnyRef)),
	arrayOf(wasm.RefTo(0, true))}, alone(arrayOf(wasm.V128)), alone(arrayOf(wasm.FuncRef)))

// heapStore is a store with n objects of those types, all of which a table refers to, and as much garbage.
func heapStore(t *testing.T, n int) *Store {
	t.Helper()
	s := NewStore(Config{})
	ids := internAll(t, s, objectTypes)
	s.AddHostFunc(&HostFunc{Module: "h", Name: "f"})
	tag, err := s.AddTag(wasm.FuncType{Params: []wasm.ValType{wasm.I32, wasm.AnyRef}})
	if err != nil {
		t.Fatal(err)
	}
	tab, err := s.AddTable(wasm.TableType{Elem: wasm.AnyRef, Limits: wasm.Limits{Min: uint64(n)}})
	if err != nil {
		t.Fatal(err)
	}
	exns, err := s.AddTable(wasm.TableType{Elem: wasm.ExnRef, Limits: wasm.Limits{Min: 1}})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewSource(int64(n)))
	var nodes []uint64
	node := func() uint64 {
		if len(nodes) == 0 {
			return 0
		}
		return nodes[rng.Intn(len(nodes))]
	}
	for k := range n {
		r := s.rtts[ids[rng.Intn(len(ids))]]
		length := uint32(0)
		if r.kind == rttArray {
			length = uint32(rng.Intn(2000))
		}
		s.heap.alloc(r, length) // garbage
		ref, ok := s.heap.alloc(r, length)
		if !ok {
			t.Fatal("the heap is full")
		}
		p := s.heap.at(ref)
		switch r.id {
		case ids[0]:
			values := []uint64{uint64(byte(k)), node(), uint64(uint16(k * 3)), rng.Uint64(), rng.Uint64(), uint64(rng.Uint32()), i31(uint64(k))}
			r.setFields(p, unsafe.Pointer(&values[0]))
			nodes = append(nodes, ref)
		case ids[1]:
			for i := range length {
				put64(unsafe.Add(p, headerSize+8*uintptr(i)), node())
			}
		case ids[2]:
			rng.Read(r.elems(p, 0, length))
		case ids[3]:
			for i := range length {
				put64(unsafe.Add(p, headerSize+8*uintptr(i)), uint64(i%2))
			}
		}
		if err := tab.Set(uint64(k), ref); err != nil {
			t.Fatal(err)
		}
	}
	for _, ref := range nodes { // forward as well as back
		put64(unsafe.Add(s.heap.at(ref), uintptr(s.rtts[ids[0]].fields[1].offset)), node())
	}
	x, _ := s.heap.alloc(tag.rtt, 0)
	values := []uint64{7, node()}
	tag.rtt.setFields(s.heap.at(x), unsafe.Pointer(&values[0]))
	exns.elems[0] = x
	return s
}

func view(t *testing.T, s *Store, f func(p *state.Program)) {
	t.Helper()
	if err := s.Checkpoint(context.Background(), false, func(p *state.Program) error { f(p); return nil }); err != nil {
		t.Fatal(err)
	}
}

func sameHostFunc(_, _ string, typ *wasm.FuncType) (*HostFunc, error) {
	return &HostFunc{Module: "h", Name: "f", Type: *typ}, nil
}

// TestObjectsTravel restores objects, and expects the view of them to be the same again, but for the order that the
// objects are in: after one journey it stays.
func TestObjectsTravel(t *testing.T) {
	for _, n := range []int{1, 10, 3000} {
		var heaps []state.Heap
		s := heapStore(t, n)
		for range 3 {
			other := NewStore(Config{})
			view(t, s, func(p *state.Program) {
				heaps = append(heaps, p.Heap)
				if err := other.Restore(p, Env{HostFunc: sameHostFunc}); err != nil {
					t.Fatal(err)
				}
			})
			compareObjects(t, s, other)
			s = other
		}
		if heaps[0].Objects != uint64(n)+1 {
			t.Errorf("%d objects became %d", n+1, heaps[0].Objects)
		}
		if heaps[1].Objects != heaps[0].Objects {
			t.Errorf("%d objects became %d", heaps[0].Objects, heaps[1].Objects)
		}
	}
}

// compareObjects compares what the tables of two stores refer to.
func compareObjects(t *testing.T, a, b *Store) {
	t.Helper()
	seen := map[uint64]uint64{}
	todo := [][2]uint64{}
	same := func(x, y uint64) {
		if !isObject(x) {
			if x != y {
				t.Fatalf("%#x became %#x", x, y)
			}
			return
		}
		if z, ok := seen[x]; ok {
			if z != y {
				t.Fatalf("one object became two")
			}
			return
		}
		if !isObject(y) || !b.heap.valid(y) {
			t.Fatalf("%#x became %#x", x, y)
		}
		seen[x] = y
		todo = append(todo, [2]uint64{x, y})
	}
	for k := range a.tables {
		for i, x := range a.tables[k].elems {
			same(x, b.tables[k].elems[i])
		}
	}
	for len(todo) > 0 {
		x, y := todo[0][0], todo[0][1]
		todo = todo[1:]
		r, q := a.heap.rttOf(x), b.heap.rttOf(y)
		if r.kind != q.kind || r.size != q.size || r.elemSize != q.elemSize || r.elemRefs != q.elemRefs || a.heap.lengthOf(x) != b.heap.lengthOf(y) {
			t.Fatalf("an object of type %v became one of type %v", r.def, q.def)
		}
		size := uintptr(r.size) + uintptr(r.elemSize)*uintptr(a.heap.lengthOf(x))
		v, w := slices.Clone(unsafe.Slice((*byte)(a.heap.at(x)), size)), slices.Clone(unsafe.Slice((*byte)(b.heap.at(y)), size))
		at := r.refs
		if r.elemRefs {
			for i := range a.heap.lengthOf(x) {
				at = append(at, headerSize+8*i)
			}
		}
		for _, i := range at {
			same(le64(unsafe.Pointer(&v[i])), le64(unsafe.Pointer(&w[i])))
			clear(v[i : i+8])
			clear(w[i : i+8])
		}
		if !bytes.Equal(v[headerSize:], w[headerSize:]) {
			t.Fatalf("an object of type %v has other contents", r.def)
		}
	}
}

// TestObjectsOfAViewAreChecked changes bytes of the objects of a view: it is refused, or what it makes is sound.
func TestObjectsOfAViewAreChecked(t *testing.T) {
	s := heapStore(t, 60)
	refused := 0
	view(t, s, func(p *state.Program) {
		rng := rand.New(rand.NewSource(1))
		for range 3000 {
			q := *p
			q.Heap.Data = slices.Clone(p.Heap.Data)
			for range 1 + rng.Intn(3) {
				q.Heap.Data[rng.Intn(len(q.Heap.Data))] = byte(rng.Intn(256))
			}
			other := NewStore(Config{MaxHeap: 4 << 20})
			if err := other.Restore(&q, Env{HostFunc: sameHostFunc}); err != nil {
				if !errors.Is(err, ErrRestore) {
					t.Fatal(err)
				}
				refused++
				continue
			}
			view(t, other, func(*state.Program) {})
		}
		for _, change := range []func(q *state.Program){
			func(q *state.Program) { q.Heap.Objects++ },
			func(q *state.Program) { q.Heap.Objects-- },
			func(q *state.Program) {
				q.Tables = slices.Clone(q.Tables)
				q.Tables[0].Elems[0] = objectBit | q.Heap.Objects
			},
			func(q *state.Program) { q.Tables = slices.Clone(q.Tables); q.Tables[0].Elems = q.Tables[1].Elems },
		} {
			q := *p
			q.Tables = slices.Clone(p.Tables)
			for k := range q.Tables {
				q.Tables[k].Elems = slices.Clone(q.Tables[k].Elems)
			}
			change(&q)
			if err := NewStore(Config{}).Restore(&q, Env{HostFunc: sameHostFunc}); !errors.Is(err, ErrRestore) {
				t.Errorf("a changed view is taken: %v", err)
			}
		}
	})
	if refused < 100 {
		t.Errorf("only %d changes were refused", refused)
	}
}

// TestRetain keeps an object alive for the embedder, and an embedder's references to nothing are refused.
func TestRetain(t *testing.T) {
	s := NewStore(Config{})
	r := s.rtts[internAll(t, s, objectTypes)[2]]
	ref, _ := s.heap.alloc(r, 100)
	for range 2 {
		if !s.Retain(ref) {
			t.Fatal("a new object cannot be retained")
		}
	}
	s.Release(ref)
	s.heap.collect()
	if !s.heap.valid(ref) {
		t.Fatal("a retained object is gone")
	}
	s.Release(ref)
	s.heap.collect()
	if s.heap.valid(ref) || s.Retain(ref) {
		t.Error("a released object is still there")
	}
	tab, err := s.AddTable(wasm.TableType{Elem: wasm.AnyRef, Limits: wasm.Limits{Min: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if tab.Set(0, ref) == nil {
		t.Error("a reference to nothing gets into a table")
	}
	if _, ok := tab.Grow(1, ref); ok {
		t.Error("a reference to nothing makes a table grow")
	}
}
