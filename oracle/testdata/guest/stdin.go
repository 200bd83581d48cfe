package main

import (
	"bufio"
	"io"
	"os"
)

// stdin adds up what it reads, line by line, and says so after each: what has been read and not been added up is in its own
// buffer, or on the way to it.
func stdin() {
	say("ready")
	r := bufio.NewReaderSize(os.Stdin, 64)
	h := uint64(1)
	for n := 0; ; n++ {
		line, err := r.ReadString('\n')
		for _, c := range []byte(line) {
			h = h*131 + uint64(c)
		}
		if err == io.EOF {
			return
		}
		check(err)
		say(n, len(line), h)
	}
}
