package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

var helpCommand = command{
	name:    "help",
	usage:   "[COMMAND]",
	summary: "tell how a command is used",
	mixed:   true,
	prepare: func() ([]flag, func([]string) error) {
		return nil, func(args []string) error {
			if len(args) == 0 {
				printOverview(os.Stdout)
				return nil
			}
			c := commandNamed(args[0])
			if c == nil {
				hint := ""
				if meant := closest(args[0], commandNames()); meant != "" {
					hint = "; did you mean " + meant + "?"
				}
				return wrong("there is no command %s%s", args[0], hint)
			}
			flags, _ := c.prepare()
			c.printHelp(os.Stdout, flags)
			return nil
		}
	},
}

// printOverview lists the commands.
func printOverview(w io.Writer) {
	var b strings.Builder
	b.WriteString("godwit runs WebAssembly programs that can be frozen, written down and resumed anywhere.\n\n")
	b.WriteString("Usage: godwit [run] [FLAGS] FILE [ARGUMENTS...]\n")
	for _, c := range commands[1:] {
		fmt.Fprintf(&b, "       %s\n", c.line())
	}
	b.WriteString("\nCommands:\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  %-12s%s\n", c.name, c.summary)
	}
	b.WriteString("\ngodwit help COMMAND, or godwit COMMAND --help, tells everything about one.\n")
	io.WriteString(w, b.String())
}

// line is how the command is written.
func (c *command) line() string { return strings.TrimSpace("godwit " + c.name + " " + c.usage) }

// helpColumn is where the flags' texts begin.
const helpColumn = 28

func (c *command) printHelp(w io.Writer, flags []flag) {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: %s\n\n%s\n", c.line(), sentence(c.summary))
	for i := range flags {
		f := &flags[i]
		if f.group != "" {
			fmt.Fprintf(&b, "\n%s:\n", f.group)
		} else if i == 0 {
			b.WriteString("\nFlags:\n")
		}
		head := "  " + dashed(f.name)
		if f.value != "" {
			head += " " + f.value
		}
		for j, line := range strings.Split(f.help, "\n") {
			if j > 0 {
				head = ""
			}
			if len(head) >= helpColumn {
				b.WriteString(head + "\n")
				head = ""
			}
			fmt.Fprintf(&b, "%-*s%s\n", helpColumn, head, line)
		}
	}
	if c.text != "" {
		fmt.Fprintf(&b, "\n%s\n", c.text)
	}
	io.WriteString(w, b.String())
}

// sentence is a summary as a sentence of its own.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }
