package amd64

import (
	"reflect"
	"testing"

	"github.com/twitchyliquid64/golang-asm/obj"
)

// An assembler that has made a large unit keeps 2 MB of it, as limits say.
func TestWhatAnAssemblerKeeps(t *testing.T) {
	a := newAssembler()
	for range 3 * keepChunks * chunkSize {
		a.plain(obj.ANOP)
	}
	a.reset()
	size := 0
	for _, c := range a.chunks[:cap(a.chunks)] {
		size += cap(c) * int(reflect.TypeFor[instruction]().Size())
	}
	if size < 19<<20/10 || size > 21<<20/10 {
		t.Errorf("%d bytes are kept, want 2 MB", size)
	}
}
