package bench

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Runner runs guests. Its template is the command line, divided into words at spaces (quotes keep a word together), with
//
//	{wasm}      the guest's module
//	{native}    the same program as a native binary
//	{args}      the program's arguments, as words of their own; must stand alone
//	{godwit}    the binary of godwit
//	{peer-X}    the binary of cmd/peer-X
type Runner struct {
	Name     string
	Template []string
}

// builtin holds the runners that are known by name.
var builtin = []string{
	"native={native} {args}",
	"godwit={godwit} run {wasm} {args}",
	"godwit-auto={godwit} run --tier auto {wasm} {args}",
	"godwit-interp={godwit} run --tier interp {wasm} {args}",
	"wazero={peer-wazero} {wasm} {args}",
	"wazero-interp={peer-wazero} -interp {wasm} {args}",
	"wasmtime={peer-wasmtime} {wasm} {args}",
	"node=node --no-warnings cmd/peer-node/main.mjs {wasm} {args}",
}

// BuiltinRunners gives the runners that are known by name.
func BuiltinRunners() []Runner {
	var runners []Runner
	for _, spec := range builtin {
		r, err := ParseRunner(spec)
		if err != nil {
			panic(err) // the list above is wrong
		}
		runners = append(runners, r)
	}
	return runners
}

// ParseRunner reads "NAME=TEMPLATE", or the name of a built-in runner.
func ParseRunner(spec string) (Runner, error) {
	name, template, found := strings.Cut(spec, "=")
	if !found {
		for _, r := range BuiltinRunners() {
			if r.Name == name {
				return r, nil
			}
		}
		return Runner{}, fmt.Errorf("no runner is called %q: give NAME='COMMAND {wasm} {args}'", name)
	}
	if name == "" {
		return Runner{}, fmt.Errorf("the runner %q has no name", spec)
	}
	words, err := splitWords(template)
	if err != nil {
		return Runner{}, fmt.Errorf("runner %s: %w", name, err)
	}
	if len(words) == 0 {
		return Runner{}, fmt.Errorf("runner %s: no command", name)
	}
	r := Runner{Name: name, Template: words}
	if !r.mentions("wasm") && !r.mentions("native") {
		return Runner{}, fmt.Errorf("runner %s: the command names neither {wasm} nor {native}", name)
	}
	return r, nil
}

func (r Runner) mentions(placeholder string) bool {
	return slices.ContainsFunc(r.Template, func(word string) bool {
		return strings.Contains(word, "{"+placeholder+"}")
	})
}

// Command fills the template in: values gives what stands for each placeholder but {args}.
func (r Runner) Command(values map[string]string, args []string) ([]string, error) {
	var command []string
	for _, word := range r.Template {
		if word == "{args}" {
			command = append(command, args...)
			continue
		}
		filled, err := expand(word, values)
		if err != nil {
			return nil, fmt.Errorf("runner %s: %w", r.Name, err)
		}
		command = append(command, filled)
	}
	return command, nil
}

// expand replaces each {name} in a word, once: what a value holds is not looked at again.
func expand(word string, values map[string]string) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(word, "{")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", fmt.Errorf("%q has no closing brace", word)
		}
		if name == "args" {
			return "", fmt.Errorf("{args} must be a word of its own, not part of %q", word)
		}
		value, known := values[name]
		if !known {
			return "", fmt.Errorf("nothing is known of {%s}", name)
		}
		b.WriteString(value)
		word = after
	}
}

// splitWords divides a line at spaces. Single and double quotes keep what is between them together.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	started := false
	quote := rune(0)
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, started = c, true
		case c == ' ' || c == '\t' || c == '\n':
			if started {
				words = append(words, word.String())
				word.Reset()
				started = false
			}
		default:
			word.WriteRune(c)
			started = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if started {
		words = append(words, word.String())
	}
	return words, nil
}
