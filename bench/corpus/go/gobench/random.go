package main

import "strings"

// random is the linear congruential generator of Numerical Recipes: no run differs from another.
type random uint32

// next gives 24 random bits, the high ones of the state.
func (r *random) next() uint32 {
	*r = *r*1664525 + 1013904223
	return uint32(*r) >> 8
}

var vocabulary = strings.Fields("the wasm module function of and interp compiler snapshot trace if else memory table global")

func (r *random) word() string {
	return vocabulary[r.next()%uint32(len(vocabulary))]
}
