//go:build cgo

package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/bytecodealliance/wasmtime-go/v39"
	"github.com/google/go-cmp/cmp"
)

// TestServe has the ways in which a call can end, and proposals that wasmtime's Go module has no switch for.
func TestServe(t *testing.T) {
	binary, err := wasmtime.Wat2Wasm(`(module
		(memory (export "m") 1 1 (pagesize 1))
		(tag $t)
		(type $s (struct (field i32)))
		(func (export "two") (param i32 i64) (result i64 i32) local.get 1 local.get 0)
		(func (export "none"))
		(func (export "out") (i32.store8 (i32.const 1) (i32.const 0)))
		(func (export "null") (drop (struct.get $s 0 (ref.null $s))))
		(func (export "throw") (throw $t))
		(func (export "catch") (result i32)
			(block $l (try_table (catch $t $l) (throw $t)) (unreachable))
			(i32.store8 (i32.const 0) (i32.const 7)) (i32.const 1))
		(func $deep (export "deep") (call $deep) (call $deep)))`)
	if err != nil {
		t.Fatal(err)
	}
	var in, out bytes.Buffer
	enc := json.NewEncoder(&in)
	calls := []map[string]any{
		{"Export": "two", "Args": []uint64{0xFFFFFFFF, 1 << 63}}, {"Export": "none"}, {"Export": "out"}, {"Export": "null"},
		{"Export": "throw"}, {"Export": "catch"},
	}
	enc.Encode(map[string]any{"Binary": binary, "Calls": calls, "Memories": []string{"m"}})
	enc.Encode(map[string]any{"Binary": binary, "Calls": []map[string]any{{"Export": "deep"}, {"Export": "none"}}, "Memories": []string{"m"}})
	enc.Encode(map[string]any{"Binary": []byte("no module")})
	if err := serve(&in, &out); err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{
			"two(0xffffffff, 0x8000000000000000) = i64:0x8000000000000000 i32:0xffffffff", "none() = ",
			"out() = trap: out of bounds memory access", "null() = trap: null reference", "throw() = exception", "catch() = i32:0x1",
			"m: 1 bytes, af63ba4c8601b2c6",
		},
		{"deep() = limit"},
	}
	dec := json.NewDecoder(&out)
	for _, w := range want {
		var got []string
		if err := dec.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	var refused []string
	if err := dec.Decode(&refused); err != nil || len(refused) != 1 || refused[0][:9] != "refused: " {
		t.Errorf("no module: %q, %v", refused, err)
	}
}
