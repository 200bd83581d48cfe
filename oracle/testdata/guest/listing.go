package main

import (
	"io"
	"os"
	"strconv"
	"strings"
)

// listing goes through a folder that is larger than one call's buffer, a few names at a time, while names behind the place
// where it stands go away. Whatever is before it is seen once.
func listing() {
	const many, width = 190, 78 // names, and bytes of a name: Go's buffer takes half of them
	prefix := "/data/many/" + strings.Repeat("n", width)
	check(os.Mkdir("/data/many", 0o755))
	for i := range many {
		check(os.Mkdir(prefix+strconv.Itoa(100+i), 0o755))
	}
	for pass := range 3 {
		d := must(os.Open("/data/many"))
		seen := 0
		for {
			list, err := d.ReadDir(8)
			if err == io.EOF {
				break
			}
			check(err)
			seen += len(list)
			last := list[len(list)-1].Name()
			check(os.Remove("/data/many/" + last)) // seen already
			say("listing", last[width:], seen)
		}
		check(d.Close())
		say("pass", pass, "seen", seen)
	}
}
