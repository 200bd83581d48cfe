package jit

import "testing"

// Chunks follow each other or overlap, leave nothing out, and end with the last byte.
func TestChunks(t *testing.T) {
	for _, widest := range []uint64{8, 16} {
		for n := uint64(1); n <= maxFilled; n++ {
			parts := chunks(n, widest)
			end := uint64(0)
			for i, c := range parts {
				if c.at > end || c.at+c.size <= end || c.size > widest || chunkTypes[c.size] == 0 || c.size > parts[0].size {
					t.Fatalf("%d bytes of at most %d at once: %v, chunk %d", n, widest, parts, i)
				}
				end = c.at + c.size
			}
			if end != n {
				t.Errorf("%d bytes of at most %d at once: %v", n, widest, parts)
			}
		}
	}
}

// What has been loaded before a copy or a fill is what was there before, also where the ranges have been checked by what comes before.
func TestLoadsStayBeforeBulkStores(t *testing.T) {
	for _, op := range []string{"(memory.fill (i32.const 0) (local.get 0) (local.get 0))", "(memory.copy (i32.const 0) (i32.const 1000) (local.get 0))"} {
		sameAsInterpreted(t, `(module (memory 1)
			(data (i32.const 0) "\01\02\03\04\05\06\07\08")
			(data (i32.const 1000) "\11\12\13\14\15\16\17\18")
			(func (export "f") (param i64) (result i64) (call $f (i32.wrap_i64 (i64.add (local.get 0) (i64.const 500)))))
			(func $f (param i32) (result i64) (local $x i64)
				`+op+`
				(i64.store (i32.const 0) (i64.const 8))
				(local.set $x (i64.load offset=4 (i32.const 0)))
				`+op+`
				(i64.add (i64.extend_i32_u (local.get 0)) (local.get $x))))`, "f", 2)
	}
}
