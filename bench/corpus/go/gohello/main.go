// Command gohello prints one line and ends. It takes no arguments.
//
// It stresses nothing: what remains is the cost to load a module of some megabytes and to start Go's runtime in it.
package main

import "os"

func main() {
	if _, err := os.Stdout.WriteString("hello\n"); err != nil {
		os.Exit(1)
	}
}
