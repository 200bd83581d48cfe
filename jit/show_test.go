package jit

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

func TestShow(t *testing.T) {
	file := os.Getenv("SHOW")
	if file == "" {
		t.Skip()
	}
	src, _ := os.ReadFile(file)
	bin := src
	if string(src[:4]) != "\x00asm" {
		var err error
		bin, err = wat.Parse(file, src)
		if err != nil {
			t.Fatal(err)
		}
	}
	w, err := wasm.Decode(bin, ^wasm.Features(0))
	if err != nil {
		t.Fatal(err)
	}
	m := interp.NewModule(w)
	fn, _ := strconv.Atoi(os.Getenv("FN"))
	f, err := build(m, uint32(fn), -1, buildWays[0])
	fmt.Println(f, err)
}
