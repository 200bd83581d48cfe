package amd64

import (
	"bytes"
	"sync"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
)

// TestCompileConcurrently compiles one function on several goroutines; the race detector sees whether the assembler's tables are only read.
func TestCompileConcurrently(t *testing.T) {
	compile := func() []byte {
		f, err := ir.Parse(`func 1 "f" loop=-1 room=4 (i64, i64)
b0:
	v0:i64 = param 0
	v1:i64 = param 1
	v2:i32 = i64.gt_s v0, v1
	v3:i64 = select v0, v1, v2
	return v3
`)
		if err != nil {
			t.Error(err)
			return nil
		}
		target := New(Features{})
		c, err := target.Compile(allocate(t, target, f, 1))
		if err != nil {
			t.Error(err)
			return nil
		}
		return c.Bytes
	}
	want := compile()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 20 {
				if got := compile(); !bytes.Equal(got, want) {
					t.Errorf("code is %x, want %x", got, want)
				}
			}
		})
	}
	group.Wait()
}
