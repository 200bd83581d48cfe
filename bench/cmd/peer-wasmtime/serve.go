//go:build cgo

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strings"

	"github.com/bytecodealliance/wasmtime-go/v39"
)

// request is a module and what to do with an instance of it. It comes as JSON, one request after the other.
type request struct {
	Binary []byte
	Calls  []struct {
		Export string
		Args   []uint64
	}
	Memories []string
}

// serve answers each request with a list of lines: one for each call, one for each memory. godwit's internal/difftest
// writes the same lines of its own runs.
func serve(in io.Reader, out io.Writer) error {
	engine := wasmtime.NewEngineWithConfig(everyProposal())
	from, to := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var r request
		if err := from.Decode(&r); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := to.Encode(r.run(engine)); err != nil {
			return err
		}
	}
}

// run runs a request in a store of its own.
func (r *request) run(engine *wasmtime.Engine) []string {
	module, err := wasmtime.NewModule(engine, r.Binary)
	if err != nil {
		return []string{"refused: " + firstLine(err)}
	}
	defer module.Close()
	store := wasmtime.NewStore(engine)
	defer store.Close()
	instance, err := wasmtime.NewInstance(store, module, nil)
	if err != nil {
		return []string{"instantiation: " + outcome(err)}
	}
	var lines []string
	for _, c := range r.Calls {
		f := instance.GetFunc(store, c.Export)
		if f == nil {
			return append(lines, "no function "+c.Export)
		}
		line := invoke(store, f, c.Args)
		args := make([]string, len(c.Args))
		for i, a := range c.Args {
			args[i] = fmt.Sprintf("%#x", a)
		}
		lines = append(lines, fmt.Sprintf("%s(%s) = %s", c.Export, strings.Join(args, ", "), line))
		if line == limited {
			return lines
		}
	}
	for _, name := range r.Memories {
		b := instance.GetExport(store, name).Memory().UnsafeData(store)
		h := fnv.New64a()
		h.Write(b)
		lines = append(lines, fmt.Sprintf("%s: %d bytes, %016x", name, len(b), h.Sum64()))
	}
	return lines
}

// invoke calls a function that takes and gives integers.
func invoke(store *wasmtime.Store, f *wasmtime.Func, args []uint64) string {
	var values []any
	for i, p := range f.Type(store).Params() {
		if p.Kind() == wasmtime.KindI32 {
			values = append(values, int32(args[i]))
		} else {
			values = append(values, int64(args[i]))
		}
	}
	result, err := f.Call(store, values...)
	if err != nil {
		return outcome(err)
	}
	var words []string
	switch r := result.(type) {
	case nil:
	case []wasmtime.Val:
		for _, v := range r {
			words = append(words, number(v.Get()))
		}
	default:
		words = append(words, number(r))
	}
	return strings.Join(words, " ")
}

func number(v any) string {
	switch v := v.(type) {
	case int32:
		return fmt.Sprintf("i32:%#x", uint32(v))
	case int64:
		return fmt.Sprintf("i64:%#x", uint64(v))
	}
	return fmt.Sprintf("%T", v)
}

// limited is the line of a call that reached a limit of the host.
const limited = "limit"

// traps are the classes of traps by wasmtime's codes (wasmtime/trap.h); the Go module has names for the first of them only.
// Of an atomic access that is neither aligned nor in bounds implementations say one or the other: both are one class.
var traps = map[wasmtime.TrapCode]string{
	1: "out of bounds memory access", 2: "out of bounds memory access", 3: "out of bounds table access", 4: "uninitialized element",
	5: "indirect call type mismatch", 6: "integer overflow", 7: "integer divide by zero", 8: "invalid conversion to integer",
	9: "unreachable", 13: "expected shared memory", 14: "null reference", 15: "out of bounds array access", 17: "cast failure",
}

// The codes of traps that are limits of the host.
const (
	stackOverflow      wasmtime.TrapCode = 0
	allocationTooLarge wasmtime.TrapCode = 16
)

// outcome is the line of a call that did not return.
func outcome(err error) string {
	var trap *wasmtime.Trap
	if !errors.As(err, &trap) {
		if strings.HasPrefix(err.Error(), "thrown Wasm exception") {
			return "exception"
		}
		return "error: " + firstLine(err)
	}
	code := trap.Code()
	switch {
	case code == nil:
		return "error: " + firstLine(err)
	case *code == stackOverflow || *code == allocationTooLarge:
		return limited
	case traps[*code] == "":
		return fmt.Sprintf("trap: number %d of wasmtime, %s", *code, firstLine(err))
	}
	return "trap: " + traps[*code]
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n\nStack backtrace")
	return strings.ReplaceAll(strings.TrimSpace(line), "\n", " / ")
}
