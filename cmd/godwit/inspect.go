package main

import (
	"encoding/json"
	"os"
)

var inspectCommand = command{name: "inspect", usage: "[--json] FILE", summary: "show what is in a module or a snapshot",
	prepare: func() ([]flag, func([]string) error) { return nil, func([]string) error { return nil } }}

// printJSON prints v for programs.
func printJSON(v any) error {
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
