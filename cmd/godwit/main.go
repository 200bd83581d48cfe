package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// command is a subcommand.
type command struct {
	name    string
	usage   string // what stands after the name
	summary string // one line for the list of commands
	text    string // the paragraphs of its help after the flags
	// mixed says that flags may stand after other arguments too. Where it is false everything after the first
	// argument that is no flag belongs to somebody else.
	mixed bool
	// prepare makes the command ready for one use: its flags, and what to do with the arguments that are none.
	prepare func() (flags []flag, do func(args []string) error)
}

// commands are in the order in which help lists them. They are put here by init because help refers to them.
var commands []*command

func init() {
	commands = []*command{&runCommand, &inspectCommand, &compileCommand, &wasmCommand, &watCommand, &wastCommand, &psCommand, &checkpointCommand, &versionCommand, &helpCommand}
}

func commandNamed(name string) *command {
	for _, c := range commands {
		if c.name == name {
			return c
		}
	}
	return nil
}

func commandNames() (names []string) {
	for _, c := range commands {
		names = append(names, c.name)
	}
	return names
}

func main() { os.Exit(report(dispatch(os.Args[1:]))) }

// dispatch finds the command. Without one it is run.
func dispatch(args []string) error {
	if len(args) == 0 {
		printOverview(os.Stderr)
		return &failure{code: exitUsage}
	}
	switch args[0] {
	case "-h", "-help", "--help":
		return helpCommand.start(nil)
	case "-version", "--version":
		return versionCommand.start(nil)
	}
	if c := commandNamed(args[0]); c != nil {
		return c.start(args[1:])
	}
	return runCommand.start(args)
}

// start parses the command's arguments and does what it says.
func (c *command) start(args []string) error {
	flags, do := c.prepare()
	rest, err := parse(flags, args, c.mixed)
	if errors.Is(err, errHelp) {
		c.printHelp(os.Stdout, flags)
		return nil
	}
	if err != nil {
		err = wrong("%w", err)
	} else {
		err = do(rest)
	}
	if f := (*failure)(nil); errors.As(err, &f) && f.code == exitUsage && f.err != nil {
		f.err = fmt.Errorf("%w\nsee godwit %s --help", f.err, c.name)
	}
	return err
}

// wrong is an error in how a command was used.
func wrong(format string, args ...any) error { return &failure{exitUsage, fmt.Errorf(format, args...)} }

// report tells of an error and gives the exit code that it leads to.
func report(err error) int {
	if err == nil {
		return exitSuccess
	}
	code := exitFailure
	if f := (*failure)(nil); errors.As(err, &f) {
		code = f.code
		if f.err == nil {
			return code
		}
	}
	fmt.Fprintf(os.Stderr, "godwit: %s\n", strings.TrimRight(err.Error(), "\n"))
	return code
}
