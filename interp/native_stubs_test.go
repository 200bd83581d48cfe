//go:build linux && (amd64 || arm64)

package interp

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rig is a thread that runs machine code and nothing else.
type rig struct {
	ctx   *NativeContext
	slots []uint64
	stack []uint64
	units []codeSpan
}

const rigLimit = 1 << 40 // any value but 0

func newRig(t testing.TB) *rig {
	t.Helper()
	if err := nativeSignals(); err != nil {
		t.Fatal(err)
	}
	m := &rig{ctx: new(NativeContext), slots: make([]uint64, 256), stack: make([]uint64, 512)}
	m.ctx.leave, m.ctx.leaveSaving = stubLeave(), stubLeaveSaving()
	m.ctx.limit.Store(rigLimit)
	m.ctx.fp = uintptr(unsafe.Pointer(&m.slots[0]))
	m.ctx.nsp = uintptr(unsafe.Pointer(&m.stack[500])) &^ 15
	t.Cleanup(func() {
		for _, u := range m.units {
			FreeNativeCode(u.off, u.size)
		}
		runtime.KeepAlive(m)
	})
	return m
}

func (m *rig) code(t testing.TB, b []byte) uintptr {
	t.Helper()
	base, err := NewNativeCode(b)
	if err != nil {
		t.Fatal(err)
	}
	m.units = append(m.units, codeSpan{base, uintptr(len(b))})
	return base
}

// push puts a return address on the machine stack.
func (m *rig) push(pc uintptr) {
	m.ctx.nsp -= returnBytes
	*m.top() = pc
}

func (m *rig) top() *uintptr { return &m.stackWords()[m.topIndex()] }

func (m *rig) stackWords() []uintptr {
	return unsafe.Slice((*uintptr)(unsafe.Pointer(&m.stack[0])), len(m.stack))
}

func (m *rig) topIndex() uintptr {
	return (m.ctx.nsp - uintptr(unsafe.Pointer(&m.stack[0]))) / 8
}

// enter enters a unit as the interpreter does.
func (m *rig) enter(unit uintptr) {
	m.push(stubReturned())
	nativeCall(m.ctx, unit)
}

// memory0 gives the machine one page of memory with one behind it that faults.
func (m *rig) memory0(t testing.TB) {
	t.Helper()
	page := os.Getpagesize()
	mem, err := unix.Mmap(-1, 0, 2*page, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err == nil {
		err = unix.Mprotect(mem[:page], unix.PROT_READ|unix.PROT_WRITE)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.ctx.mem0 = uintptr(unsafe.Pointer(&mem[0]))
	mem[8] = 42
	t.Cleanup(func() { unix.Munmap(mem) })
}

func TestAUnitReturnsItsResult(t *testing.T) {
	m := newRig(t)
	var a masm
	a.slotInt(false, 0, 0)
	a.slotFloat(false, 0, 2)
	a.ret()
	unit := m.code(t, a.b)
	m.slots[0], m.slots[2], m.slots[3] = 11, 22, 33
	nsp, fp := m.ctx.nsp, m.ctx.fp
	m.enter(unit)
	if c := m.ctx; c.left != leftReturned || c.fault != 0 || c.nsp != nsp || c.fp != fp || c.ints[0] != 11 || c.floats[0] != [2]uint64{22, 33} {
		t.Errorf("left %d, fault %#x, stack moved by %d, frame by %d, results %d %d", c.left, c.fault, nsp-c.nsp, fp-c.fp, c.ints[0], c.floats[0])
	}
}

func TestLeaveIsResumedAtItsReturnAddress(t *testing.T) {
	for _, tc := range []struct {
		name  string
		enter func(*NativeContext, uintptr)
		leave func(*masm)
	}{
		{"entered by nativeCall, left by a call", nativeCall, func(a *masm) { a.call(CtxLeave) }},
		{"entered by nativeEnter, left by a jump", nativeEnter, func(a *masm) { a.jump(CtxLeave) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := newRig(t)
			var a masm
			tc.leave(&a)
			site := len(a.b)
			a.slotInt(false, 0, 1)
			a.ret()
			unit := m.code(t, a.b)
			nsp := m.ctx.nsp
			m.push(stubReturned())
			tc.enter(m.ctx, unit)
			if m.ctx.left != 0 || *m.top() != unit+uintptr(site) || m.ctx.nsp != nsp-2*returnBytes {
				t.Fatalf("left %d at %#x of %#x", m.ctx.left, *m.top(), unit)
			}
			m.slots[1] = 5
			// The frame may have moved meanwhile.
			moved := append([]uint64(nil), m.slots...)
			moved[1] = 6
			m.ctx.fp = uintptr(unsafe.Pointer(&moved[0]))
			nativeEnter(m.ctx, stubResume())
			if m.ctx.left != leftReturned || m.ctx.ints[0] != 6 || m.ctx.nsp != nsp || m.ctx.fp != uintptr(unsafe.Pointer(&moved[0])) {
				t.Errorf("left %d, result %d", m.ctx.left, m.ctx.ints[0])
			}
		})
	}
}

// allRegisters loads every saved register from slots, does leave, and stores them again. Integer register n is slot n, vector
// register n slots 64+2n and 64+2n+1; 128 more on the way back.
func allRegisters(leave func(*masm)) (b []byte, site uintptr) {
	var a masm
	for _, n := range savedFloats {
		a.slotFloat(false, n, 64+2*n)
	}
	for _, n := range savedInts {
		a.slotInt(false, n, n)
	}
	leave(&a)
	site = uintptr(len(a.b))
	for _, n := range savedFloats {
		a.slotFloat(true, n, 128+64+2*n)
	}
	for _, n := range savedInts {
		a.slotInt(true, n, 128+n)
	}
	a.ret()
	return a.b, site
}

func TestAllRegistersAreSavedAndRestored(t *testing.T) {
	for _, tc := range []struct {
		name  string
		leave func(*masm)
		left  uintptr
	}{
		{"leaveSaving", func(a *masm) { a.call(CtxLeaveSaving) }, 0},
		{"callee", func(a *masm) { a.callAddr(stubCallee()) }, leftCallee},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := newRig(t)
			b, site := allRegisters(tc.leave)
			unit := m.code(t, b)
			for i := range m.slots {
				m.slots[i] = rand.Uint64()
			}
			fp, mem0 := m.ctx.fp, m.ctx.mem0
			m.enter(unit)
			if m.ctx.left != tc.left || *m.top() != unit+site {
				t.Fatalf("left %d at %#x of %#x", m.ctx.left, *m.top(), unit)
			}
			for _, n := range savedInts {
				if m.ctx.ints[n] != m.slots[n] && n != scratchInt {
					t.Errorf("integer register %d: %#x saved, want %#x", n, m.ctx.ints[n], m.slots[n])
				}
				m.ctx.ints[n] = rand.Uint64()
			}
			for _, n := range savedFloats {
				if want := [2]uint64(m.slots[64+2*n:]); m.ctx.floats[n] != want {
					t.Errorf("vector register %d: %#x saved, want %#x", n, m.ctx.floats[n], want)
				}
				m.ctx.floats[n] = [2]uint64{rand.Uint64(), rand.Uint64()}
			}
			ints, floats := m.ctx.ints, m.ctx.floats
			nativeEnter(m.ctx, stubResumeSaved())
			if m.ctx.left != leftReturned || m.ctx.fp != fp || m.ctx.mem0 != mem0 {
				t.Fatalf("left %d", m.ctx.left)
			}
			for _, n := range savedInts {
				if got := m.slots[128+n]; got != ints[n] {
					t.Errorf("integer register %d: %#x restored, want %#x", n, got, ints[n])
				}
			}
			for _, n := range savedFloats {
				if got := [2]uint64(m.slots[128+64+2*n:]); got != floats[n] {
					t.Errorf("vector register %d: %#x restored, want %#x", n, got, floats[n])
				}
			}
		})
	}
}

func TestResumeReturnLoadsTheResult(t *testing.T) {
	m := newRig(t)
	var a masm
	a.callAddr(stubCallee())
	a.slotInt(true, 0, 4)
	a.slotFloat(true, 0, 6)
	a.ret()
	m.enter(m.code(t, a.b))
	m.slots[0], m.slots[1] = 77, 88
	nativeEnter(m.ctx, stubResumeReturn())
	if m.ctx.left != leftReturned || m.slots[4] != 77 || m.slots[6] != 77 || m.slots[7] != 88 {
		t.Errorf("left %d, %d", m.ctx.left, m.slots[:8])
	}
}

// faulting loads from memory 0 at the address in slot 0.
func faulting() (b []byte, site uintptr) {
	var a masm
	a.slotInt(false, 0, 0)
	site = uintptr(len(a.b))
	a.load()
	a.ret()
	return a.b, site
}

func TestAFaultLeavesWithItsOwnAddress(t *testing.T) {
	m := newRig(t)
	m.memory0(t)
	b, site := faulting()
	unit := m.code(t, b)
	m.slots[0] = 8
	m.enter(unit)
	if m.ctx.left != leftReturned || m.ctx.ints[0] != 42 || m.ctx.fault != 0 {
		t.Fatalf("left %d, fault %#x, result %d", m.ctx.left, m.ctx.fault, m.ctx.ints[0])
	}
	nsp := m.ctx.nsp
	m.slots[0] = uint64(os.Getpagesize()) + 16
	m.enter(unit)
	if want := m.ctx.mem0 + uintptr(m.slots[0]); m.ctx.left != 0 || m.ctx.fault != want {
		t.Fatalf("left %d, fault %#x, want %#x", m.ctx.left, m.ctx.fault, want)
	}
	if *m.top() != unit+site || m.ctx.nsp != nsp-2*returnBytes && runtime.GOARCH == "amd64" {
		t.Fatalf("at %#x of %#x, stack moved by %d", *m.top(), unit, nsp-m.ctx.nsp)
	}
	// The instruction can be done again: its address is a return address.
	m.ctx.mem0 -= uintptr(os.Getpagesize()) + 8
	m.ctx.ints[0] = m.slots[0]
	nativeEnter(m.ctx, stubResumeSaved())
	if m.ctx.left != leftReturned || m.ctx.ints[0] != 42 || m.ctx.fault != 0 || m.ctx.nsp != nsp {
		t.Fatalf("again: left %d, fault %#x, result %d", m.ctx.left, m.ctx.fault, m.ctx.ints[0])
	}
}

func TestBeyondTheAddressSpaceTheFaultsAddressIsNotKnown(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("only amd64 has addresses that are none")
	}
	m := newRig(t)
	m.ctx.mem0 = 1 << 62
	b, site := faulting()
	unit := m.code(t, b)
	m.enter(unit)
	if m.ctx.left != 0 || m.ctx.fault != ^uintptr(0) || *m.top() != unit+site {
		t.Fatalf("left %d, fault %#x", m.ctx.left, m.ctx.fault)
	}
}

func TestThousandsOfFaultsOnManyGoroutines(t *testing.T) {
	rounds := 2000
	if testing.Short() {
		rounds = 200
	}
	var wg sync.WaitGroup
	for range 8 {
		m := newRig(t)
		m.memory0(t)
		b, site := faulting()
		unit := m.code(t, b)
		wg.Go(func() {
			nsp := m.ctx.nsp
			for i := range rounds {
				m.slots[0] = uint64(os.Getpagesize() + i%64*4)
				m.enter(unit)
				if m.ctx.left != 0 || m.ctx.fault != m.ctx.mem0+uintptr(m.slots[0]) || *m.top() != unit+site {
					t.Errorf("left %d, fault %#x", m.ctx.left, m.ctx.fault)
					return
				}
				m.ctx.nsp = nsp
				if i%100 == 0 {
					runtime.Gosched()
					_ = deep(50)
				}
			}
		})
	}
	wg.Wait()
}

// deep makes the goroutine's stack grow, and move.
func deep(n int) int {
	var pad [1 << 10]byte
	if n == 0 {
		return int(pad[0])
	}
	return deep(n-1) + int(pad[n])
}

// spinning is machine code that loops until it is wanted, leaves, and does so for ever.
func spinning() []byte {
	var a masm
	loop := len(a.b)
	a.poll(0)
	a.call(CtxLeaveSaving)
	a.again(loop)
	return a.b
}

// wanted lets go on a thread whose limit is 0.
func (m *rig) wanted() {
	m.ctx.limit.Store(rigLimit)
	nativePreempt()
}

// spin runs machine code until stop, and returns how often it was left.
func (m *rig) spin(unit uintptr, stop *atomic.Bool) (left int) {
	for m.enter(unit); !stop.Load(); left++ {
		m.wanted()
		nativeEnter(m.ctx, stubResumeSaved())
	}
	return left
}

func TestTheCollectorStopsMachineCode(t *testing.T) {
	for _, procs := range []int{2, 1} {
		t.Run(fmt.Sprint("procs=", procs), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			m := newRig(t)
			unit := m.code(t, spinning())
			var stop atomic.Bool
			left := make(chan int)
			go func() { left <- m.spin(unit, &stop) }()
			time.Sleep(20 * time.Millisecond)
			var worst time.Duration
			for range 5 {
				start := time.Now()
				runtime.GC()
				worst = max(worst, time.Since(start))
			}
			stop.Store(true)
			runtime.GC()
			if n := <-left; n == 0 || m.slots[0] == 0 {
				t.Errorf("machine code was left %d times after %d rounds", n, m.slots[0])
			}
			// The scheduler's time slice is 10 ms, and a collection needs several. One that is not let in waits for many seconds.
			t.Logf("the slowest collection took %v", worst)
			if worst > 5*time.Second {
				t.Error("machine code kept the collector waiting")
			}
		})
	}
}

func TestACPUProfileOfMachineCode(t *testing.T) {
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		t.Skip(err)
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	defer wg.Wait()
	for range 20 {
		m := newRig(t)
		m.memory0(t)
		b, _ := faulting()
		fault, loop := m.code(t, b), m.code(t, spinning())
		wg.Go(func() {
			nsp := m.ctx.nsp
			for !stop.Load() {
				m.slots[0] = uint64(os.Getpagesize())
				for range 100 {
					m.enter(fault)
					m.ctx.nsp = nsp
				}
				m.wanted()
				m.enter(loop)
				m.ctx.nsp = nsp
			}
		})
	}
	d := time.Second
	if testing.Short() {
		d = 200 * time.Millisecond
	}
	for end := time.Now().Add(d); time.Now().Before(end); {
		runtime.GC()
		runtime.Stack(make([]byte, 1<<16), true)
		time.Sleep(time.Millisecond)
	}
	stop.Store(true)
	runtime.GC()
	wg.Wait()
	pprof.StopCPUProfile()
	z, err := gzip.NewReader(&profile)
	if err != nil {
		t.Fatal(err)
	}
	names, err := io.ReadAll(z)
	if err != nil || !bytes.Contains(names, []byte("(*rig).enter")) || bytes.Contains(names, []byte("ExternalCode")) {
		t.Errorf("the profile does not say who runs the machine code (%v)", err)
	}
}

func TestGosOwnSignalsStayGos(t *testing.T) {
	newRig(t)
	t.Run("a nil pointer's panic", func(t *testing.T) {
		defer func() {
			if err, ok := recover().(runtime.Error); !ok || !strings.Contains(err.Error(), "nil pointer") {
				t.Error(err)
			}
		}()
		var p *rig
		p.slots = nil
	})
	t.Run("a fault's panic", func(t *testing.T) {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() {
			if _, ok := recover().(interface{ Addr() uintptr }); !ok {
				t.Error("no address")
			}
		}()
		m := newRig(t)
		m.memory0(t)
		mem := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), m.ctx.mem0)), 2*os.Getpagesize())
		mem[os.Getpagesize()]++
	})
	t.Run("os/signal", func(t *testing.T) {
		ch := make(chan os.Signal, 1)
		signal.Notify(ch, syscall.SIGURG)
		defer signal.Reset(syscall.SIGURG)
		unix.Kill(os.Getpid(), unix.SIGURG)
		select {
		case <-ch:
		case <-time.After(10 * time.Second):
			t.Error("SIGURG did not come")
		}
	})
	t.Run("and after os/signal machine code can be stopped still", TestTheCollectorStopsMachineCode)
}

// inAnotherProcess does the test in a process of its own, with a variable in its environment.
func inAnotherProcess(t *testing.T, variable string) ([]byte, error) {
	t.Helper()
	top, _, _ := strings.Cut(t.Name(), "/")
	cmd := exec.Command(os.Args[0], "-test.run=^"+top+"$")
	cmd.Env = append(os.Environ(), variable)
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Skip("the test's program cannot be started: ", err) // under an emulator
	}
	return out, err
}

func TestThereIsNoNativeCodeWithoutPreemption(t *testing.T) {
	const off = "GODEBUG=asyncpreemptoff=1"
	if "GODEBUG="+os.Getenv("GODEBUG") == off {
		if nativeSignals() == nil {
			t.Error("the collector could not stop it")
		}
		return
	}
	if out, err := inAnotherProcess(t, off); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSignalsThatEndTheProcess(t *testing.T) {
	if sig, err := strconv.Atoi(os.Getenv("GODWIT_TEST_SIGNAL")); err == nil {
		m := newRig(t)
		unit := m.code(t, spinning())
		var stop atomic.Bool
		thread := make(chan int)
		go func() {
			runtime.LockOSThread()
			thread <- unix.Gettid()
			m.spin(unit, &stop)
		}()
		tid := <-thread
		for {
			time.Sleep(10 * time.Millisecond)
			unix.Tgkill(os.Getpid(), tid, syscall.Signal(sig))
		}
	}
	for _, tc := range []struct {
		sig  syscall.Signal
		want []string
	}{
		{syscall.SIGSEGV, []string{"SIGSEGV"}}, // somebody sent it: no fault of the machine code
		{syscall.SIGQUIT, []string{"SIGQUIT", "(*rig).spin", "testing.tRunner"}},
	} {
		t.Run(tc.sig.String(), func(t *testing.T) {
			out, err := inAnotherProcess(t, fmt.Sprint("GODWIT_TEST_SIGNAL=", int(tc.sig)))
			if err == nil {
				t.Error("it did not end the process")
			}
			for _, want := range tc.want {
				if !bytes.Contains(out, []byte(want)) {
					t.Errorf("no %s in\n%s", want, out)
				}
			}
		})
	}
}

// codeForTests is a code memory of its own.
func codeForTests(t *testing.T, most, rest uintptr) *codeMemory {
	t.Helper()
	c := &codeMemory{most: most, rest: rest}
	if err := c.ready(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.MunmapPtr(c.exec, c.size)
		unix.MunmapPtr(c.write, c.size)
		unix.Close(c.fd)
	})
	return c
}

// executable is what is at an address of code.
func (c *codeMemory) executable(base, size uintptr) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(c.exec, base-uintptr(c.exec))), size)
}

func TestCodeMemory(t *testing.T) {
	const page = 64 << 10
	alloc := func(t *testing.T, c *codeMemory, fill byte, size int) uintptr {
		t.Helper()
		base, err := c.alloc(bytes.Repeat([]byte{fill}, size))
		if err != nil {
			t.Fatal(err)
		}
		if base%nativeAlign != 0 {
			t.Errorf("%#x is not aligned", base)
		}
		return base
	}
	isTraps := func(b []byte) bool {
		for len(b) > 0 && [4]byte(b) == nativeTrap {
			b = b[4:]
		}
		return len(b) == 0
	}
	t.Run("code is visible where it is executed", func(t *testing.T) {
		c := codeForTests(t, 4*page, 0)
		a, b := alloc(t, c, 1, 100), alloc(t, c, 2, 2*page)
		if !bytes.Equal(c.executable(a, 100), bytes.Repeat([]byte{1}, 100)) || !bytes.Equal(c.executable(b, 2*page), bytes.Repeat([]byte{2}, 2*page)) {
			t.Error("it is not")
		}
		if !isTraps(c.executable(a+100, 28)) || !isTraps(c.executable(b+2*page, 4*nativeAlign)) {
			t.Error("no traps behind code")
		}
	})
	t.Run("what is given back holds traps, is joined, and is used again", func(t *testing.T) {
		c := codeForTests(t, 4*page, 0)
		var bases []uintptr
		for range 4 {
			bases = append(bases, alloc(t, c, 1, page))
		}
		if _, err := c.alloc([]byte{1}); err != errNativeFull {
			t.Fatal(err)
		}
		for _, i := range []int{0, 2, 1} {
			c.release(bases[i], page)
			if !isTraps(c.executable(bases[i], page)) {
				t.Error("no traps")
			}
		}
		if base := alloc(t, c, 2, 3*page); base != bases[0] {
			t.Errorf("at %#x, not %#x", base, bases[0])
		}
		c.release(bases[0], 3*page)
		c.release(bases[3], page)
		if c.top != 0 || len(c.free) != 0 || len(c.live) != 0 {
			t.Errorf("%#x bytes and %d pieces are left", c.top, len(c.free))
		}
	})
	t.Run("what is given back rests unless there is nothing else", func(t *testing.T) {
		c := codeForTests(t, 4*page, 2*page)
		first := alloc(t, c, 1, page)
		c.release(first, page)
		for i := range 3 {
			if base := alloc(t, c, 1, page); base == first {
				t.Errorf("used again after %d allocations", i)
			}
		}
		if base := alloc(t, c, 1, page); base != first {
			t.Errorf("at %#x, not %#x", base, first)
		}
	})
	t.Run("what is not in use cannot be given back", func(t *testing.T) {
		c := codeForTests(t, 4*page, page)
		base := alloc(t, c, 1, 1000)
		refused := func(base, size uintptr) (yes bool) {
			defer func() { yes = recover() != nil }()
			c.release(base, size)
			return
		}
		for _, s := range []codeSpan{{base + 64, 100}, {base, 64}, {base, 0}, {base - 64, 64}, {0, 1000}} {
			if !refused(s.off, s.size) {
				t.Errorf("%#x+%d was given back", s.off, s.size)
			}
		}
		if refused(base, 1000) || !refused(base, 1000) {
			t.Error("it cannot be given back, or twice")
		}
	})
	t.Run("no code", func(t *testing.T) {
		if _, err := codeForTests(t, 4*page, 0).alloc(nil); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("more than there is", func(t *testing.T) {
		if _, err := codeForTests(t, 4*page, 0).alloc(make([]byte, 4*page+1)); err != errNativeFull {
			t.Error(err)
		}
	})
	t.Run("by many goroutines at once", func(t *testing.T) {
		c := codeForTests(t, 64*page, page)
		var wg sync.WaitGroup
		for g := range byte(4) {
			wg.Go(func() {
				held := map[uintptr]uintptr{}
				for range 500 {
					size := 1 + uintptr(rand.IntN(3000))
					base, err := c.alloc(bytes.Repeat([]byte{g}, int(size)))
					if err != nil {
						t.Error(err)
						return
					}
					held[base] = size
					if len(held) < 20 {
						continue
					}
					for base, size := range held {
						if !bytes.Equal(c.executable(base, size), bytes.Repeat([]byte{g}, int(size))) {
							t.Error("code has changed")
						}
						delete(held, base)
						c.release(base, size)
						break
					}
				}
				for base, size := range held {
					c.release(base, size)
				}
			})
		}
		wg.Wait()
		c.rested(0)
		if c.top != 0 || len(c.free) != 0 {
			t.Errorf("%#x bytes and %d pieces are left", c.top, len(c.free))
		}
	})
}

func BenchmarkLeaveAndResume(b *testing.B) {
	m := newRig(b)
	var a masm
	loop := len(a.b)
	a.call(CtxLeave)
	a.again(loop)
	unit := m.code(b, a.b)
	m.enter(unit)
	resume := stubResume()
	for b.Loop() {
		nativeEnter(m.ctx, resume)
	}
}

// As BenchmarkLeaveAndResume with jumps in place of call and return, which leaves the processor's stack of return addresses alone.
func BenchmarkJumpAndResume(b *testing.B) {
	m := newRig(b)
	var a masm
	loop := len(a.b)
	a.jump(CtxLeave)
	a.again(loop)
	unit := m.code(b, a.b)
	m.enter(unit)
	resume := stubResume()
	for b.Loop() {
		nativeEnter(m.ctx, resume)
	}
}

func BenchmarkEnterAndReturn(b *testing.B) {
	m := newRig(b)
	var a masm
	a.ret()
	unit := m.code(b, a.b)
	for b.Loop() {
		m.enter(unit)
	}
}

func BenchmarkLeaveSavingAndResume(b *testing.B) {
	m := newRig(b)
	var a masm
	loop := len(a.b)
	a.call(CtxLeaveSaving)
	a.again(loop)
	unit := m.code(b, a.b)
	m.enter(unit)
	resume := stubResumeSaved()
	for b.Loop() {
		nativeEnter(m.ctx, resume)
	}
}

func BenchmarkFault(b *testing.B) {
	m := newRig(b)
	m.memory0(b)
	code, _ := faulting()
	unit := m.code(b, code)
	m.slots[0] = uint64(os.Getpagesize())
	nsp := m.ctx.nsp
	for b.Loop() {
		m.enter(unit)
		m.ctx.nsp = nsp
	}
}

func BenchmarkNewNativeCode(b *testing.B) {
	newRig(b)
	code := make([]byte, 1000)
	for b.Loop() {
		base, err := NewNativeCode(code)
		if err != nil {
			b.Fatal(err)
		}
		FreeNativeCode(base, 1000)
	}
}
