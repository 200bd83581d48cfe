package main

import (
	"errors"
	"fmt"
	"strings"
)

// flag is a flag of a command.
type flag struct {
	name  string // without dashes
	value string // what its value is called in the help; "" for a switch, which has none
	help  string // lines of the help; the first flag of a group has the group's title in group
	group string
	set   func(value string) error
}

// errHelp is parse's answer to --help.
var errHelp = errors.New("help is wanted")

// parse gives the flags in args their values and returns the rest. Flags are --name value, --name=value, and the same
// with one dash. They end at "--", and, unless mixed, at the first argument that is none.
func parse(flags []flag, args []string, mixed bool) (rest []string, err error) {
	for len(args) > 0 {
		arg := args[0]
		if arg == "--" {
			return append(rest, args[1:]...), nil
		}
		if len(arg) < 2 || arg[0] != '-' {
			if !mixed {
				return append(rest, args...), nil
			}
			rest, args = append(rest, arg), args[1:]
			continue
		}
		if args, err = parseFlag(flags, args); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// parseFlag takes the flag that args begin with, and its value.
func parseFlag(flags []flag, args []string) (rest []string, err error) {
	dashes := "--"
	name, ok := strings.CutPrefix(args[0], dashes)
	if !ok {
		dashes, name = "-", args[0][1:]
	}
	name, value, hasValue := strings.Cut(name, "=")
	if name == "help" || name == "h" {
		return nil, errHelp
	}
	f := flagNamed(flags, name)
	switch {
	case f == nil:
		return nil, unknownFlag(flags, dashes, name)
	case f.value == "" && hasValue:
		return nil, fmt.Errorf("%s%s takes no value, but has %q", dashes, name, value)
	case f.value != "" && !hasValue && len(args) == 1:
		return nil, fmt.Errorf("%s%s needs a value: %s", dashes, name, f.value)
	case f.value != "" && !hasValue:
		args, value = args[1:], args[1]
	}
	if err := f.set(value); err != nil {
		return nil, fmt.Errorf("%s%s: %w", dashes, name, err)
	}
	return args[1:], nil
}

func flagNamed(flags []flag, name string) *flag {
	for i := range flags {
		if flags[i].name == name {
			return &flags[i]
		}
	}
	return nil
}

// otherwise are names that people know from elsewhere.
var otherwise = map[string]string{
	"mount": "dir", "mapdir": "dir", "volume": "dir", "v": "dir", "e": "env", "inherit-env": "env-inherit",
	"memory": "max-memory", "memory-limit": "max-memory", "stack-size": "max-stack", "entrypoint": "invoke",
	"out": "o", "output": "o", "interpreter": "tier", "verbose": "log-level",
}

// unknownFlag says so, and what may have been meant.
func unknownFlag(flags []flag, dashes, name string) error {
	var names []string
	for i := range flags {
		names = append(names, flags[i].name)
	}
	meant := otherwise[name]
	if flagNamed(flags, meant) == nil {
		meant = closest(name, names)
	}
	if meant == "" {
		return fmt.Errorf("there is no flag %s%s", dashes, name)
	}
	return fmt.Errorf("there is no flag %s%s; did you mean %s?", dashes, name, dashed(meant))
}

// dashed is a flag as the help writes it.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// closest finds the name that is most like what was written, or "" when none is.
func closest(written string, names []string) (best string) {
	least := 1 + max(1, len(written)/2)
	for _, name := range names {
		if d := distance(written, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance counts the letters to be put in, left out or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := left
			if a[i] != b[j] {
				change++
			}
			left = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
