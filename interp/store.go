package interp

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/godwit-vm/godwit/wasm"
)

// Store holds the running state of one program (specification 4.2.3): instances that may import from each other, what
// they are made of, and the threads that run in them. It is frozen and restored as a whole. Stores share nothing but
// lowered code.
//
// Objects have store addresses, numbers in the order of their creation. A reference to a function is its address plus
// one, so that 0 is null; no Go pointer is ever a wasm value.
type Store struct {
	cfg Config

	funcs     []*Func
	tables    []*Table
	memories  []*Memory
	globals   []*Global
	tags      []*Tag
	instances []*Instance
	threads   []*Thread
	resources []namedResource

	rtts   []*rtt            // run-time types by id; 0 is none
	groups map[string]uint32 // the first type of each recursion group by groupKey
	taken  []*rtt            // while restoring: the types of the view

	numbers      *numbering // while capturing: of the objects
	takenObjects []uint64   // while restoring: the objects of the view

	heap *heap

	tableElems uint64 // of all tables

	tagOf map[*rtt]*Tag // by the run-time type of its exceptions

	fence atomic.Uint64 // see atomicFence

	nativeMu sync.Mutex // what machine code sees of instances is made or changed
	mode     nativeMode // of the threads' machine code; changes with nativeMu and freezer.mu held

	sampler atomic.Pointer[func(stack []Place)] // see SetSampler

	objects atomic.Bool // there are types of objects: one thread runs at a time, see heap.go
	alone   atomic.Bool // and one does

	freezer
}

type namedResource struct {
	name string
	res  Resource
}

// NewStore returns an empty store.
func NewStore(cfg Config) *Store {
	s := &Store{cfg: cfg.withDefaults(), rtts: make([]*rtt, 1), groups: map[string]uint32{}, tagOf: map[*rtt]*Tag{}}
	s.heap = newHeap(s.cfg.MaxHeap, &s.rtts, s.shadeRoots)
	s.freezer.init()
	return s
}

// AddResource registers host state that travels with the program. Names are unique.
func (s *Store) AddResource(name string, r Resource) error {
	for _, have := range s.resources {
		if have.name == name {
			return fmt.Errorf("resource %q is registered twice", name)
		}
	}
	s.resources = append(s.resources, namedResource{name, r})
	return nil
}

// Instances are the store's instances in the order of their creation.
func (s *Store) Instances() []*Instance { return s.instances }

// Threads are the store's threads in the order of their creation.
func (s *Store) Threads() []*Thread { return s.threads }

// Func is a function instance: a module's function, closed over its instance, or a host function.
type Func struct {
	// code is notLowered until the function is called for the first time, and for ever when it is the host's. Threads may
	// come here together.
	code     atomic.Pointer[code]
	nparams  uint32 // slots of the parameters
	nresults uint32 // slots of the results

	inst *Instance // nil for a host function
	host *HostFunc

	index  uint32 // in the module's function index space; 0 for a host function
	addr   uint32
	typeID uint32 // id of its run-time type
	typ    *wasm.FuncType

	result    resultKind
	refParams bool // there are references among the parameters

	// Of host functions.
	slots      uintptr // of the parameters or of the results, whichever are more
	refResults bool    // there are references among the results
}

// notLowered stands for code that is not there: its frame is larger than any stack, which keeps calls off the fast path.
var notLowered = &code{room: ^uintptr(0) >> 8}

// Type is the function's type as its module has it: an index in it is one of that module's types.
func (f *Func) Type() *wasm.FuncType { return f.typ }

// Slots is how many entries the stack of a call of f needs: those of the parameters or of the results, whichever is more.
// A v128 takes two.
func (f *Func) Slots() int { return int(max(f.nparams, f.nresults)) }

// Ref is the reference to f, as a wasm value.
func (f *Func) Ref() uint64 { return uint64(f.addr) + 1 }

// Host is the host function behind f, or nil.
func (f *Func) Host() *HostFunc { return f.host }

// Instance is the instance f belongs to, or nil for a host function.
func (f *Func) Instance() *Instance { return f.inst }

// Name is the function's name for people.
func (f *Func) Name() string {
	if f.host != nil {
		return f.host.Module + "." + f.host.Name
	}
	return f.inst.module.wasm.FuncName(f.index)
}

// Global is a global instance.
type Global struct {
	val   uint64
	hi    uint64 // the upper half of a v128
	typ   wasm.GlobalType
	store *Store
}

// Type is the global's type.
func (g *Global) Type() wasm.GlobalType { return g.typ }

// Get is the global's value as bits, of a v128 the lower half.
func (g *Global) Get() uint64 { return g.val }

// High is the upper half of a v128.
func (g *Global) High() uint64 { return g.hi }

// Set changes a mutable global; hi is the upper half of a v128, and 0 for other types.
func (g *Global) Set(v, hi uint64) error {
	if !g.typ.Mutable {
		return errors.New("the global is immutable")
	}
	if g.typ.Type.IsRef() {
		if err := g.store.admit(g.typ.Type, v); err != nil {
			return err
		}
	}
	g.val, g.hi = v, hi
	return nil
}

// Extern is an object that a module imports or exports; one of the five is set.
type Extern struct {
	Func   *Func
	Table  *Table
	Memory *Memory
	Global *Global
	Tag    *Tag
}

// AddHostFunc gives a host function an address in the store.
func (s *Store) AddHostFunc(h *HostFunc) *Func {
	r, err := s.internFunc(&h.Type)
	if err != nil {
		// The embedder names a type of some module, or has made millions of host functions of different types.
		panic("godwit: " + err.Error())
	}
	f := &Func{host: h, nparams: uint32(slotCount(h.Type.Params)), nresults: uint32(slotCount(h.Type.Results)), addr: uint32(len(s.funcs)), typeID: r.id, typ: &h.Type, result: resultOf(&h.Type)}
	f.slots = uintptr(f.Slots())
	f.refResults = slices.ContainsFunc(h.Type.Results, wasm.ValType.IsRef)
	f.code.Store(notLowered)
	s.funcs = append(s.funcs, f)
	s.nativeFuncsAdded()
	return f
}

// AddMemory, AddTable and AddGlobal make objects that belong to no instance, for modules to import.
func (s *Store) AddMemory(typ wasm.MemoryType) (*Memory, error) {
	m, err := newMemory(typ, s.cfg.MaxMemory)
	if err == nil {
		s.memories = append(s.memories, m)
	}
	return m, err
}

// AddTable makes a table of null references, see AddMemory.
func (s *Store) AddTable(typ wasm.TableType) (*Table, error) {
	t, err := s.newTable(typ)
	if err == nil {
		s.tables = append(s.tables, t)
	}
	return t, err
}

// AddGlobal makes a global, see AddMemory.
func (s *Store) AddGlobal(typ wasm.GlobalType, val uint64) *Global {
	g := &Global{val: val, typ: typ, store: s}
	s.globals = append(s.globals, g)
	return g
}

// Func returns the function that a reference means, nil for null and for what is no reference of this store.
func (s *Store) Func(ref uint64) *Func {
	if ref-1 >= uint64(len(s.funcs)) {
		return nil
	}
	return s.funcs[ref-1]
}

// Close gives back what the store's memories, heap and threads hold. Nothing of the store may be used afterwards; the bytes of a memory
// that somebody still looks at read as zeros. Calls in progress end at their next safepoint with ErrClosed, and what they may
// touch is given back when the last of them, or a checkpoint in progress, has ended: Close does not wait for that, so that a host
// function may call it.
func (s *Store) Close() {
	z := &s.freezer
	z.mu.Lock()
	defer z.mu.Unlock()
	z.closed = true
	z.stopped.Store(true)
	for _, t := range s.threads {
		if t.state.Load() != threadIdle {
			t.want(attnClose)
		}
	}
	z.changed.Broadcast()
	s.release()
}

// release gives back what a closed store has, unless a thread runs: who becomes still later looks whether the store is closed, and comes
// here. No thread begins any more. Nothing may be given back under one that runs: behind the memories there would be no guard pages, on which
// machine code relies, but whatever the process maps next. The freezer's mu is held.
func (s *Store) release() {
	z := &s.freezer
	if !z.closed || z.released || z.freezing.Load() {
		return
	}
	for _, t := range s.threads {
		if !t.still() {
			return
		}
	}
	z.released = true
	for _, m := range s.memories {
		m.discard()
	}
	s.heap.close()
	for _, t := range s.threads {
		t.closeNative()
	}
}

// Module is a validated module with the code of those of its functions that have been called. It may be shared by any
// number of stores and goroutines.
type Module struct {
	wasm  *wasm.Module
	codes []lazyCode // per defined function

	objectElems []uint32 // element segments whose elements are objects, see Instance.findElems

	hashOnce sync.Once
	hash     [32]byte

	native atomic.Pointer[nativeModule] // set by EnableNative
}

// NewModule takes a module that wasm.Decode has accepted. m.Bytes must not change from now on.
func NewModule(m *wasm.Module) *Module {
	return &Module{wasm: m, codes: make([]lazyCode, len(m.Funcs)), objectElems: objectElems(m)}
}

// Wasm is the module as decoded.
func (m *Module) Wasm() *wasm.Module { return m.wasm }

// Hash is the SHA-256 of the module's binary.
func (m *Module) Hash() [32]byte {
	m.hashOnce.Do(func() { m.hash = m.wasm.Hash() })
	return m.hash
}
