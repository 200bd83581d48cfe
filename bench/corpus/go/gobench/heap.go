package main

import (
	"sort"
	"strconv"
)

// sortBench sorts 200000 integers and 20000 strings, the strings through a closure.
func sortBench(n int, seed *random) string {
	sum := 0
	for range n {
		numbers := make([]int, 200000)
		for i := range numbers {
			numbers[i] = int(seed.next())
		}
		sort.Ints(numbers)
		strs := make([]string, 20000)
		for i := range strs {
			strs[i] = strconv.Itoa(int(seed.next()))
		}
		sort.Slice(strs, func(i, j int) bool { return strs[i] < strs[j] })
		sum += numbers[1000] + len(strs[100])
	}
	return strconv.Itoa(sum)
}

// mapBench counts 100000 random words of 20000 in a map that begins empty.
func mapBench(n int, seed *random) string {
	sum := 0
	for range n {
		counts := map[string]int{}
		for range 100000 {
			counts[strconv.Itoa(int(seed.next()%20000))]++
		}
		sum += len(counts)
	}
	return strconv.Itoa(sum)
}

type tree struct{ left, right *tree }

func grow(depth int) *tree {
	if depth == 0 {
		return &tree{}
	}
	return &tree{grow(depth - 1), grow(depth - 1)}
}

func (t *tree) count() int {
	if t.left == nil {
		return 1
	}
	return 1 + t.left.count() + t.right.count()
}

// gcBench builds binary trees of 65535 nodes, counts them, and leaves them to the collector.
func gcBench(n int, _ *random) string {
	sum := 0
	for range n {
		sum += grow(15).count()
	}
	return strconv.Itoa(sum)
}

// chanBench sends 20000 numbers to another goroutine and gets each back.
func chanBench(n int, _ *random) string {
	there, back := make(chan int), make(chan int)
	go func() {
		for v := range there {
			back <- v + 1
		}
		close(back)
	}()
	sum := 0
	for i := range n * 20000 {
		there <- i
		sum += <-back
	}
	close(there)
	return strconv.Itoa(sum)
}
