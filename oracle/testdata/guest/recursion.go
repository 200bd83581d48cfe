package main

// recursion goes deep, with live values in each frame that are needed on the way back.
func recursion() {
	for round := range 3 {
		say("depth", round, descend(4000+2000*round, 1, 0.5))
	}
}

//go:noinline
func descend(depth int, h uint64, f float64) uint64 {
	if depth == 0 {
		return h
	}
	local := h*31 + uint64(depth)
	below := descend(depth-1, local, f*1.5+float64(depth%7))
	if f > 1e100 {
		f = 1
	}
	return below ^ local<<(depth%13) + uint64(int64(f))
}
