// Command guest is a program under preview 1 that uses what a travelling program may have: open files at an offset, a
// file without a name, a listing, standard input, time and sleep. Its output does not depend on when or where it runs.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"sort"
	"time"
)

func main() {
	fmt.Println(os.Args[1:], os.Getenv("WHO"))

	out, err := os.OpenFile("/data/log", os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o666)
	check(err)
	tmp, err := os.Create("/data/tmp")
	check(err)
	check(os.Remove("/data/tmp"))

	in := bufio.NewScanner(os.Stdin)
	for n := 0; in.Scan(); n++ {
		fmt.Fprintf(out, "%d %s\n", n, in.Text())
		fmt.Fprintf(tmp, "%s,", in.Text())
		start := time.Now()
		time.Sleep(2 * time.Millisecond)
		if d := time.Since(start); d < 2*time.Millisecond {
			fmt.Println("slept for", d)
		}
	}
	check(in.Err())

	check(os.Mkdir("/data/dir", 0o777))
	for i := range 20 {
		check(os.WriteFile(fmt.Sprintf("/data/dir/%d", i), nil, 0o666))
	}
	dir, err := os.Open("/data/dir")
	check(err)
	check(os.Rename("/data/dir", "/data/renamed"))
	var names []string
	for {
		some, err := dir.Readdirnames(3)
		names = append(names, some...)
		if err == io.EOF {
			break
		}
		check(err)
	}
	sort.Strings(names)
	fmt.Println(names)

	for _, f := range []*os.File{out, tmp} {
		_, err := f.Seek(0, io.SeekStart)
		check(err)
		b, err := io.ReadAll(f)
		check(err)
		fmt.Printf("%q\n", b)
	}
	os.Exit(7)
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
