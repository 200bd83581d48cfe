//go:build linux && (amd64 || arm64)

package interp

import (
	"runtime"
	"testing"
)

// Machine code changes every register; Go has its own back, and can be stopped and have its stack moved.
func TestMachineCodeIsEnteredDirectly(t *testing.T) {
	m := newRig(t)
	m.ctx.mem0 = 1 // in the register that Go has the goroutine in on amd64
	var a masm
	a.slotFloat(false, 15, 2)
	a.call(CtxLeave)
	a.slotInt(false, 0, 0)
	a.slotFloat(false, 15, 2)
	a.ret()
	unit := m.code(t, a.b)
	m.slots[0], m.slots[2], m.slots[3] = 11, 1<<64-1, 1<<64-1
	nsp := m.ctx.nsp
	var deep func(n int) int
	deep = func(n int) int {
		if n == 0 {
			runtime.GC()
			return 0
		}
		var room [256]int
		room[n%256] = n
		return deep(n-1) + room[n%256]
	}
	for range 20 {
		m.ctx.left = 0
		m.push(stubReturned())
		callMachine(m.ctx, unit)
		zero := [8]uint64{}
		if m.ctx.left != 0 || zero != [8]uint64(make([]uint64, 8)) || deep(500) != 500*501/2 {
			t.Fatalf("left %d, zero is %x", m.ctx.left, zero)
		}
		enterMachine(m.ctx, stubResume())
		zero = [8]uint64{}
		if c := m.ctx; c.left != leftReturned || c.ints[0] != 11 || c.nsp != nsp || zero != [8]uint64(make([]uint64, 8)) || deep(500) != 500*501/2 {
			t.Fatalf("left %d, result %d, stack moved by %d, zero is %x", c.left, c.ints[0], nsp-c.nsp, zero)
		}
		c := make(chan int)
		go func() { c <- deep(50) }()
		<-c
	}
}
