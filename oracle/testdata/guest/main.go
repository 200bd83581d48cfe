// Command guest is what the oracle freezes: several small programs in one binary, chosen by the first argument. Each prints
// little and often, so that a difference shows where it began, and prints nothing that depends on when or where it runs.
package main

import (
	"os"
	"strconv"
)

// programs are the guests, each in a file of its own.
var programs = map[string]func(){
	"compute":    compute,
	"files":      files,
	"listing":    listing,
	"recursion":  recursion,
	"goroutines": goroutines,
	"sleep":      sleep,
	"stdin":      stdin,
}

func main() {
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		os.Stderr.WriteString("usage: guest PROGRAM\n")
		os.Exit(2)
	}
	programs[os.Args[1]]()
	say("end")
}

// say writes a line at once: nothing that was said is still in a buffer when the program is frozen.
func say(words ...any) {
	var b []byte
	for i, w := range words {
		if i > 0 {
			b = append(b, ' ')
		}
		switch w := w.(type) {
		case string:
			b = append(b, w...)
		case bool:
			b = strconv.AppendBool(b, w)
		case int:
			b = strconv.AppendInt(b, int64(w), 10)
		case int64:
			b = strconv.AppendInt(b, w, 10)
		case uint64:
			b = append(b, "0x"...)
			b = strconv.AppendUint(b, w, 16)
		case float64:
			b = strconv.AppendFloat(b, w, 'g', -1, 64)
		case error:
			b = append(b, w.Error()...)
		default:
			b = append(b, "<nil>"...)
		}
	}
	must(os.Stdout.Write(append(b, '\n')))
}

// must ends the program when err is an error, and otherwise passes v on.
func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
