package interp

import (
	"testing"

	"github.com/godwit-vm/godwit/wasm"
)

// Objects, exceptions and waiting threads in hostile hands: see hostile_test.go.

// stress makes the heaps that the test makes collect at every allocation.
func stress(t *testing.T) {
	was := stressHeaps
	stressHeaps = true
	t.Cleanup(func() { stressHeaps = was })
}

// link makes an instance of text in s, whose imports are all the function f.
func link(t *testing.T, s *Store, text string, f *Func) *Instance {
	t.Helper()
	m := textModule(t, text)
	imports := make([]Extern, len(m.Wasm().Imports))
	for k := range imports {
		imports[k].Func = f
	}
	i, err := s.Instantiate(m, t.Name(), imports)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// A frame keeps its objects while the host function that it called calls back into wasm, however the call back comes to
// where it allocates: by a tail call into another instance, or through one more host function.
func TestRootsBelowCallBacks(t *testing.T) {
	stress(t)
	const keeping = `(module (type $s (struct (field i32))) (import "h" "f" (func $h))
	  (func (export "f") (result i32) (local $x (ref null $s))
	    (local.set $x (struct.new $s (i32.const 42))) (call $h) (struct.get $s 0 (local.get $x))))`
	s := NewStore(smallMemories)
	allocating := exported(t, link(t, s, `(module (type $s (struct (field i32)))
	  (func (export "f") (drop (struct.new $s (i32.const 7))) (drop (struct.new $s (i32.const 8)))))`, nil), "f")
	tail := exported(t, link(t, s, `(module (import "h" "f" (func $f)) (func (export "f") (return_call $f)))`, allocating), "f")
	var kept *Func
	for _, tt := range []struct {
		name string
		path []func() *Func // what each host function in a row calls back
	}{
		{"a call", []func() *Func{func() *Func { return allocating }}},
		{"a tail call into another instance", []func() *Func{func() *Func { return tail }}},
		{"a frame in between", []func() *Func{func() *Func { return kept }, func() *Func { return tail }}},
		{"a host function in between", []func() *Func{func() *Func { return kept }, nil, func() *Func { return allocating }}},
		{"two host functions in between", []func() *Func{nil, func() *Func { return kept }, nil, nil, func() *Func { return tail }}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			depth := 0
			var h *Func
			h = s.AddHostFunc(&HostFunc{Module: "h", Name: "f", Type: wasm.FuncType{}, Call: func(c *Caller, _ []uint64) error {
				f := h
				if next := tt.path[depth]; next != nil {
					f = next()
				}
				depth++
				stack := []uint64{0}
				err := c.CallBack(f, stack)
				if f == kept && stack[0] != 42 {
					t.Errorf("the frame in between has lost its object: %#x", stack[0])
				}
				return err
			}})
			i := link(t, s, keeping, h)
			kept = exported(t, i, "f")
			if got, err := callOn(t, s.NewThread(), i, "f"); got != 42 || err != nil {
				t.Errorf("got %#x, %v; want 42", got, err)
			}
		})
	}
}
