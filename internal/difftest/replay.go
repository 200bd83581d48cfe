package difftest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/godwit-vm/godwit/internal/modgen"
	"github.com/godwit-vm/godwit/wasm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// expected begins the lines of a text that are the transcript to be.
const expected = ";;= "

// Replay reads a module as text whose comments say, on lines that begin with ";;= ", what its transcript has to be. The
// calls are taken from there.
func Replay(file string, text []byte) (c *Case, want Transcript, err error) {
	c = &Case{Features: wasm.DefaultFeatures}
	if c.Binary, err = wat.Parse(file, text); err != nil {
		return nil, nil, err
	}
	for line := range strings.Lines(string(text)) {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), expected)
		if !ok {
			continue
		}
		want = append(want, line)
		if name, _, ok := strings.Cut(line, ": "); ok && !strings.Contains(name, "(") {
			c.Memories = append(c.Memories, name)
			continue
		}
		x, err := parseCall(line)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %q: %w", file, line, err)
		}
		c.Calls = append(c.Calls, x)
	}
	return c, want, nil
}

// parseCall reads the call on a line of a transcript.
func parseCall(line string) (c modgen.Call, err error) {
	name, rest, ok := strings.Cut(line, "(")
	args, _, closed := strings.Cut(rest, ")")
	if !ok || !closed {
		return c, fmt.Errorf("no call is on it")
	}
	c.Export = name
	for arg := range strings.SplitSeq(args, ", ") {
		if arg == "" {
			continue
		}
		v, err := strconv.ParseUint(arg, 0, 64)
		if err != nil {
			return c, err
		}
		c.Args = append(c.Args, v)
	}
	return c, nil
}
