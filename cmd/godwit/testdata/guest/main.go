// Guest is a program for the tests of godwit run. Its first argument says what it does.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Println("hello")
		return
	}
	switch os.Args[1] {
	case "exit":
		os.Exit(number(2))
	case "args":
		fmt.Printf("%q\n", os.Args)
	case "env":
		fmt.Printf("%q\n", os.Environ())
	case "cat":
		_, err := io.Copy(os.Stdout, os.Stdin)
		check(err)
	case "echo": // a line for each line, with its number
		in := bufio.NewScanner(os.Stdin)
		for i := 1; in.Scan(); i++ {
			fmt.Println(i, in.Text())
		}
	case "read":
		b, err := os.ReadFile(os.Args[2])
		check(err)
		os.Stdout.Write(b)
	case "write":
		check(os.WriteFile(os.Args[2], []byte(os.Args[3]), 0o600))
	case "append": // a line to a file that stays open, and one to standard output, n times
		f, err := os.OpenFile(os.Args[2], os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		check(err)
		for i := range number(3) {
			_, err := fmt.Fprintln(f, "file", i)
			check(err)
			fmt.Println("line", i)
			time.Sleep(time.Millisecond)
		}
		check(f.Close())
	case "count": // n lines, sleeping d milliseconds after each
		for i := range number(2) {
			fmt.Println("line", i)
			time.Sleep(time.Duration(number(3)) * time.Millisecond)
		}
		os.Exit(7)
	case "spin":
		for n := 0; ; n++ {
			if n < 0 {
				fmt.Println(n)
			}
		}
	case "recurse":
		fmt.Println(recurse(number(2)))
	case "sleep":
		time.Sleep(time.Hour)
	}
}

func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return 1 + recurse(n-1)
}

func number(arg int) int {
	n, err := strconv.Atoi(os.Args[arg])
	check(err)
	return n
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
