// Command primes is a guest that computes: it prints how many primes there are below each million, and at last the sum
// of all. It takes some seconds, so that there is time to freeze it half-way.
//
//	GOOS=wasip1 GOARCH=wasm go build -o primes.wasm ./examples/primes
//	godwit run primes.wasm
//
// The argument is how many millions, 10 if there is none.
package main

import (
	"fmt"
	"os"
	"strconv"
)

const million = 1_000_000

func main() {
	millions := 10
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil || n < 1 || n > 1000 {
			fmt.Fprintln(os.Stderr, "usage: primes [MILLIONS], from 1 to 1000")
			os.Exit(2)
		}
		millions = n
	}
	count, sum := 0, 0
	var primes []int
	for m := range millions {
		for n := m * million; n < (m+1)*million; n++ {
			if !prime(n, primes) {
				continue
			}
			if n < 32*1000 { // enough to divide by, up to a thousand millions
				primes = append(primes, n)
			}
			count++
			sum += n
		}
		fmt.Printf("%d primes below %d million\n", count, m+1)
	}
	fmt.Printf("their sum is %d\n", sum)
}

// prime divides n by the primes up to its root, which are known.
func prime(n int, primes []int) bool {
	if n < 2 {
		return false
	}
	for _, p := range primes {
		if p*p > n {
			break
		}
		if n%p == 0 {
			return false
		}
	}
	return true
}
