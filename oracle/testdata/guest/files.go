package main

import (
	"io"
	"os"
	"strconv"
)

// files keeps several files open at once: each descriptor has an offset, flags and a name of its own to be lost on the
// way.
func files() {
	log := must(os.OpenFile("/data/log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644))
	both := must(os.OpenFile("/data/both", os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o644))
	gone := must(os.OpenFile("/data/gone", os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o644))
	check(os.Remove("/data/gone")) // open, and without a name from here on
	for i := range 24 {
		line := "line " + strconv.Itoa(i) + "\n"
		must(log.WriteString(line))
		must(both.WriteAt([]byte(line), int64(i*5))) // over the end of the one before
		must(gone.WriteString(line))
		say("at", i, must(both.Seek(3, io.SeekCurrent)), must(gone.Seek(0, io.SeekCurrent)))
		if i == 12 {
			check(os.Rename("/data/both", "/data/renamed"))
			check(both.Truncate(40))
		}
	}
	say("both", contents(both))
	say("gone", contents(gone))
	say("renamed", must(os.Stat("/data/renamed")).Size(), "log", must(log.Stat()).Size())
	for _, f := range []*os.File{log, both, gone} {
		check(f.Close())
	}
}

// contents reads from the start, by pieces.
func contents(f *os.File) string {
	must(f.Seek(0, io.SeekStart))
	var all []byte
	for b := make([]byte, 17); ; {
		n, err := f.Read(b)
		all = append(all, b[:n]...)
		if err == io.EOF {
			return strconv.Quote(string(all))
		}
		check(err)
	}
}
