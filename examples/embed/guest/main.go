//go:build wasip1

// Command guest adds up numbers and, half-way, calls a function of its host's.
//
//	GOOS=wasip1 GOARCH=wasm go build -o guest.wasm ./examples/embed/guest
package main

import "fmt"

// pause is the host's.
//
//go:wasmimport env pause
func pause()

func main() {
	const n = 1000
	sum := 0
	for i := 1; i <= n; i++ {
		sum += i
		if i == n/2 {
			fmt.Println("up to", i, "it is", sum)
			pause()
		}
	}
	fmt.Println("up to", n, "it is", sum)
}
