// Command notes is a guest with an open file: it copies what it reads on standard input to notes.txt in the folder it is given,
// a line at a time, with a number before each. Frozen anywhere, it goes on with the same file at the same place.
//
//	GOOS=wasip1 GOARCH=wasm go build -o notes.wasm ./examples/notes
//	mkdir -p notes && godwit run --dir notes::/notes notes.wasm
package main

import (
	"bufio"
	"fmt"
	"os"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "notes:", err)
		os.Exit(1)
	}
}

func run() error {
	f, err := os.Create("/notes/notes.txt")
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewScanner(os.Stdin)
	n := 0
	for in.Scan() {
		n++
		if _, err := fmt.Fprintf(f, "%4d  %s\n", n, in.Text()); err != nil {
			return err
		}
		fmt.Printf("%d lines\n", n)
	}
	if err := in.Err(); err != nil {
		return err
	}
	return f.Close()
}
