package main

import (
	"runtime"
	"slices"
	"sync"
)

// node is garbage, most of the time.
type node struct {
	left, right *node
	value       int
}

// goroutines has Go's scheduler, garbage collector, maps and channels at work.
func goroutines() {
	in, out := make(chan int), make(chan int, 3)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := range in {
				out <- tree(n%5+1).sum() * n
			}
		})
	}
	go func() {
		for n := range 60 {
			in <- n
		}
		close(in)
		wg.Wait()
		close(out)
	}()
	counts := map[int]int{}
	total := 0
	for v := range out {
		counts[v%17]++
		total += v
	}
	say("total", total)
	keys := make([]int, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		say("count", k, counts[k])
	}
	runtime.GC()
	names := map[string]*node{}
	for i := range 200 {
		names[string(rune('a'+i%26))+string(rune('a'+i/26))] = tree(3)
		if i%7 == 0 {
			delete(names, "a"+string(rune('a'+i/26)))
		}
		if i%100 == 99 {
			runtime.GC()
			say("names", len(names))
		}
	}
}

func tree(depth int) *node {
	n := &node{value: depth}
	if depth > 0 {
		n.left, n.right = tree(depth-1), tree(depth-1)
	}
	return n
}

func (n *node) sum() int {
	if n == nil {
		return 0
	}
	return n.value + n.left.sum() + n.right.sum()
}
