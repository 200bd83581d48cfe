//go:build linux && (amd64 || arm64)

package interp

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nativeThread is what a thread has beside its explicit stack to run machine code.
type nativeThread struct {
	ctx  NativeContext
	base unsafe.Pointer // of the machine stack
	top  uintptr        // its end, where it begins

	// segments are the pieces of the machine stack that Go has begun, and the interpreter's activations between them.
	segments []segment

	// hidden says that machine frames above the first one of the top segment have no records, nor what is inlined in it: see showNative. The
	// other fields are the topmost one: the address of its return address, its function, and where its slots are.
	hidden   bool
	hiddenRA uintptr
	hiddenFn *Func
	hiddenFP uintptr
	hiddenIn *NativeInline // where it stands

	cleanup runtime.Cleanup // gives the machine stack back

	skip bool // the safepoint at which machine code was entered has been counted

	// Of code that counts: how many safepoints it was allowed, and for which bits of Thread.attention they are.
	granted uint64
	charged uint32

	cache  [nativeCache]cachedSite
	reused uint32 // codeReused, when the cache was empty
}

// cachedSite is what is known of a return address.
type cachedSite struct {
	pc   uintptr
	unit *NativeUnit
	site *NativeSite

	// Of calls of host functions, once one has been made: inst is the instance that has made it.
	inst   *Instance
	fn     *Func  // the caller
	callee *Func  // its results are no references
	at     *instr // the call
}

const nativeCache = 256 // a power of two

// segment is either a run of machine frames above a return to Go, or, if interpreted is set, a frame that the interpreter runs and whose
// caller is machine code.
type segment struct {
	frame       int     // the record of its first frame, or of the interpreted one
	start       uintptr // the machine stack's pointer before it, at the return address of an interpreted one
	watched     uintptr // not 0: the return address that stood where the one to Go is now
	interpreted bool
}

// stubs are the addresses of the routines in assembly.
var stubs struct {
	leave, leaveSaving, returned, callee, resume, resumeSaved, resumeReturn uintptr
}

func init() {
	stubs.leave, stubs.leaveSaving, stubs.returned, stubs.callee = stubLeave(), stubLeaveSaving(), stubReturned(), stubCallee()
	stubs.resume, stubs.resumeSaved, stubs.resumeReturn = stubResume(), stubResumeSaved(), stubResumeReturn()
}

// NativeAvailable says why machine code cannot run here, if it cannot.
func NativeAvailable() error { return nativeSignals() }

// EnableNative lets t compile the module's functions and loops: it hears of a function when it has been entered as often as entries says, and of
// a loop after so many iterations. It must be called before the module has been instantiated or anything of it has been
// lowered. It reports whether machine code can run here.
func (m *Module) EnableNative(t Tier, entries, iterations uint32) bool {
	if nativeSignals() != nil {
		return false
	}
	nm := &nativeModule{tier: t, entries: entries, iterations: iterations}
	m.native.Store(nm)
	return true
}

// machineStacks are the machine stacks of the process. The lowest pages of each stay inaccessible: what runs over the end must not write to
// somebody else's memory.
var machineStacks struct {
	sync.Mutex
	free []unsafe.Pointer // those that no thread has
	n    int              // all
}

const stackGuard = 64 << 10

func takeMachineStack() (unsafe.Pointer, bool) {
	p := &machineStacks
	p.Lock()
	defer p.Unlock()
	if n := len(p.free); n > 0 {
		base := p.free[n-1]
		p.free = p.free[:n-1]
		return base, true
	}
	if p.n >= maxMachineStacks {
		return nil, false
	}
	base, err := unix.MmapPtr(-1, 0, nil, nativeStackSize+stackGuard, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, false
	}
	base = unsafe.Add(base, stackGuard)
	if unix.Mprotect(unsafe.Slice((*byte)(base), nativeStackSize), unix.PROT_READ|unix.PROT_WRITE) != nil {
		unix.MunmapPtr(unsafe.Add(base, -stackGuard), nativeStackSize+stackGuard)
		return nil, false
	}
	p.n++
	return base, true
}

func giveMachineStack(base unsafe.Pointer) {
	const kept = 64 << 10 // what most calls touch
	p := &machineStacks
	p.Lock()
	defer p.Unlock()
	if len(p.free) >= pooledStacks {
		unix.MunmapPtr(unsafe.Add(base, -stackGuard), nativeStackSize+stackGuard)
		p.n--
		return
	}
	unix.Madvise(unsafe.Slice((*byte)(base), nativeStackSize-kept), unix.MADV_DONTNEED)
	p.free = append(p.free, base)
}

// makeNative gives the thread what machine code needs, or nil if the host refuses.
func (t *Thread) makeNative() *nativeThread {
	base, ok := takeMachineStack()
	if !ok {
		return nil
	}
	nt := &nativeThread{base: base, top: uintptr(base) + nativeStackSize - 64}
	c := &nt.ctx
	c.leave, c.leaveSaving = stubs.leave, stubs.leaveSaving
	c.nsp = nt.top
	size := min(uintptr(t.store.cfg.MaxStack)/nativeStackShare+2*maxNativeFrame, nativeStackSize)
	c.nativeLimit = nt.top - size + maxNativeFrame + 4096
	nt.cleanup = runtime.AddCleanup(nt, giveMachineStack, base)
	t.native.Store(nt)
	t.limitNative(nt)
	return nt
}

// closeNative gives back the machine stack of a thread that does not run and never will.
func (t *Thread) closeNative() {
	if nt := t.native.Load(); nt != nil && t.still() && t.native.CompareAndSwap(nt, nil) {
		nt.cleanup.Stop()
		giveMachineStack(nt.base)
	}
}

// word is the word at an address of the machine stack.
func (nt *nativeThread) word(at uintptr) *uintptr {
	return (*uintptr)(unsafe.Add(nt.base, at-uintptr(nt.base)))
}

// limitNative tells machine code where the stack of slots ends, or that the thread is wanted.
func (t *Thread) limitNative(nt *nativeThread) {
	nt.ctx.limit.Store(t.stackEnd)
	nt.ctx.step.Store(1)
	if t.wanted() != 0 { // whoever sets attention writes the limit afterwards
		nt.wanted()
	}
}

// nativeWanted makes machine code leave at its next poll.
func (t *Thread) nativeWanted() {
	if nt := t.native.Load(); nt != nil {
		nt.wanted()
	}
}

// wanted makes machine code leave at its next poll. limit comes last: who finds that it is not what it should be puts both right.
func (nt *nativeThread) wanted() {
	nt.ctx.step.Store(countWanted)
	nt.ctx.limit.Store(0)
}

// refresh empties the cache if there may be other code where what it remembers was. It is asked each time machine code has been left, and that suffices:
// while Go runs, nothing on the machine stack is freed.
func (nt *nativeThread) refresh() {
	if n := codeReused.Load(); n != nt.reused {
		nt.reused = n
		clear(nt.cache[:])
	}
}

// cached is where a return address is in the cache, if it is there.
func (nt *nativeThread) cached(pc uintptr) *cachedSite { return &nt.cache[(pc^pc>>8)%nativeCache] }

// site is what return address pc is of.
func (t *Thread) site(nt *nativeThread, pc uintptr) (*NativeUnit, *NativeSite) {
	e := nt.cached(pc)
	if e.pc == pc {
		return e.unit, e.site
	}
	if u := t.inst.module.native.Load().units.find(pc); u != nil {
		if s := findSite(u.SiteOffsets, u.Sites, pc-u.Base); s != nil {
			*e = cachedSite{pc: pc, unit: u, site: s}
			return u, s
		}
	}
	panic(fmt.Sprintf("godwit: bug: machine code of %s was left at %#x, which is no site", t.inst.name, pc))
}

// faultSite is what the instruction at pc, which has faulted, is.
func (t *Thread) faultSite(pc uintptr) (*NativeUnit, *NativeSite) {
	if u := t.inst.module.native.Load().units.find(pc + 1); u != nil {
		if s := findSite(u.FaultOffsets, u.Faults, pc-u.Base); s != nil {
			return u, s
		}
	}
	panic(fmt.Sprintf("godwit: bug: machine code of %s has faulted at %#x (address %#x), which is no access to memory", t.inst.name, pc, t.native.Load().ctx.fault))
}

// nativeInstance is what machine code sees of an instance: the words of its block (NativeLayout), and the functions of the store as it
// means them.
type nativeInstance struct {
	block  []uintptr
	funcs  []NativeFunc
	memory NativeMemory
	older  [][]NativeFunc // machine code may still have their addresses
}

// calleeWord is the entry of functions that have no machine code for an instance.
var calleeWord = stubCallee()

// makeNative makes what machine code sees of the instance. Whoever runs a unit looks it up behind this, whichever thread has made it: what was seen before
// may be freed, because nobody asks the store's threads until now. See native_retire.go.
func (i *Instance) makeNative() *nativeInstance {
	i.store.nativeMu.Lock()
	defer i.store.nativeMu.Unlock()
	if ni := i.native.Load(); ni != nil {
		return ni
	}
	i.module.native.Load().units.mayRun(i.store)
	w, lay := i.module.wasm, i.module.NativeLayout()
	ni := &nativeInstance{block: make([]uintptr, lay.Words), memory: i.NativeMemory()}
	b := ni.block
	b[WordMem0] = uintptr(i.mem0().base())
	b[WordEntries] = uintptr(unsafe.Pointer(unsafe.SliceData(i.module.entriesOf(i.store.mode))))
	b[WordStub] = calleeWord
	b[WordHeap] = uintptr(unsafe.Pointer(i.store.heap))
	if len(w.Funcs) > 0 {
		b[WordFirst] = uintptr(i.funcs[w.NumImportedFuncs].Ref()) // see addFuncs
	}
	for k := range w.GlobalTypes {
		b[lay.Globals+k] = uintptr(unsafe.Pointer(&i.globals[k].val))
	}
	for k := range w.MemoryTypes {
		b[lay.Memories+k] = uintptr(unsafe.Pointer(&i.memories[k].buf))
	}
	for k := range w.TableTypes {
		b[lay.Tables+k] = uintptr(unsafe.Pointer(&i.tables[k].elems))
	}
	for k := range w.Types {
		b[lay.Types+k] = uintptr(i.typeIDs[k])
	}
	i.updateFuncs(ni)
	i.native.Store(ni)
	return ni
}

// updateFuncs takes in the functions that the store has got since.
func (i *Instance) updateFuncs(ni *nativeInstance) {
	s := i.store
	n := len(s.funcs)
	if cap(ni.funcs) < n {
		grown := make([]NativeFunc, len(ni.funcs), n+n/4)
		copy(grown, ni.funcs)
		if ni.funcs != nil {
			ni.older = append(ni.older, ni.funcs)
		}
		ni.funcs = grown
	}
	entries := i.module.entriesOf(s.mode)
	imported := uint32(i.module.wasm.NumImportedFuncs)
	for k := len(ni.funcs); k < n; k++ {
		f := s.funcs[k]
		r := NativeFunc{Entry: &calleeWord, TypeID: uint64(f.typeID)}
		if f.inst == i {
			r.Entry = &entries[f.index-imported]
		}
		ni.funcs = append(ni.funcs, r)
	}
	atomic.StoreUintptr(&ni.block[WordFuncs], uintptr(unsafe.Pointer(unsafe.SliceData(ni.funcs))))
}

// nativeFuncsAdded tells machine code of functions that the store has got, before anybody can refer to them.
func (s *Store) nativeFuncsAdded() {
	s.nativeMu.Lock()
	defer s.nativeMu.Unlock()
	for _, i := range s.instances {
		if ni := i.native.Load(); ni != nil {
			i.updateFuncs(ni)
		}
	}
}

// nativeFuncsWithdrawn tells machine code that the store has lost its last functions, which nobody refers to.
func (s *Store) nativeFuncsWithdrawn() {
	s.nativeMu.Lock()
	defer s.nativeMu.Unlock()
	for _, i := range s.instances {
		if ni := i.native.Load(); ni != nil {
			ni.funcs = ni.funcs[:min(len(ni.funcs), len(s.funcs))]
		}
	}
}

// funcAt is the function of the record at an address.
func (i *Instance) funcAt(record uint64) *Func {
	ni := i.native.Load()
	for _, a := range append([][]NativeFunc{ni.funcs}, ni.older...) {
		if k := (uintptr(record) - uintptr(unsafe.Pointer(unsafe.SliceData(a)))) / unsafe.Sizeof(NativeFunc{}); k < uintptr(len(a)) {
			return i.store.funcs[k]
		}
	}
	panic(fmt.Sprintf("godwit: bug: machine code of %s has called through %#x, which is no function's record", i.name, record))
}
