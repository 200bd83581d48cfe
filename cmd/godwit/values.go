package main

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/godwit-vm/godwit/vm"
)

// The setters below make a flag's set of a place for its value.

func toString(p *string) func(string) error {
	return func(s string) error { *p = s; return nil }
}

func toTrue(p *bool) func(string) error {
	return func(string) error { *p = true; return nil }
}

func toDuration(p *time.Duration) func(string) error {
	return func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil {
			return fmt.Errorf("%q is no time; write 500ms, 5s, 1m30s", s)
		}
		if d <= 0 {
			return fmt.Errorf("%q is not more than nothing", s)
		}
		*p = d
		return nil
	}
}

func toSize(p *uint64) func(string) error {
	return func(s string) error {
		n, err := humanize.ParseBytes(s)
		if err != nil || n == 0 || n > math.MaxInt {
			return fmt.Errorf("%q is no size; write 65536, 64KiB, 1.5GB", s)
		}
		*p = n
		return nil
	}
}

// toCount takes a number; set tells that there was one, since 0 is a number too.
func toCount(p *uint64, set *bool) func(string) error {
	return func(s string) error {
		n, err := strconv.ParseUint(s, 0, 64)
		if err != nil {
			return fmt.Errorf("%q is no number; write 1000000, 1_000_000, 0xff", s)
		}
		*p, *set = n, true
		return nil
	}
}

// choice is a name on the command line and what it stands for.
type choice[T any] struct {
	name  string
	value T
}

func toChoice[T any](p *T, choices []choice[T]) func(string) error {
	return func(s string) error {
		var names []string
		for _, c := range choices {
			if c.name == s {
				*p = c.value
				return nil
			}
			names = append(names, c.name)
		}
		return fmt.Errorf("%q is none of %s", s, strings.Join(names, ", "))
	}
}

// parseValues reads the argument of --invoke for a parameter and appends its slots to args. A v128 is a number of 128
// bits, lane 0 in the lowest ones.
func parseValues(args []uint64, t vm.ValType, s string) ([]uint64, error) {
	if t != vm.V128 {
		bits, err := parseValue(t, s)
		return append(args, bits), err
	}
	n, ok := new(big.Int).SetString(s, 0)
	if !ok || n.Sign() < 0 || n.BitLen() > 128 {
		return nil, fmt.Errorf("%q is no v128; write it as a number of 128 bits, 0x…", s)
	}
	lower := new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64))
	return append(args, lower.Uint64(), n.Rsh(n, 64).Uint64()), nil
}

// formatValues writes the results of a call, given as slots.
func formatValues(types []vm.ValType, slots []uint64) []string {
	var out []string
	for _, t := range types {
		if t == vm.V128 {
			out = append(out, fmt.Sprintf("0x%016x%016x", slots[1], slots[0]))
			slots = slots[2:]
			continue
		}
		out = append(out, formatValue(t, slots[0]))
		slots = slots[1:]
	}
	return out
}

// parseValue reads an argument of --invoke of a type that takes one slot, and returns its bits.
func parseValue(t vm.ValType, s string) (uint64, error) {
	switch t {
	case vm.I32:
		return parseInt(s, 32)
	case vm.I64:
		return parseInt(s, 64)
	case vm.F32:
		f, err := parseFloat(s, 32)
		return uint64(math.Float32bits(float32(f))), err
	case vm.F64:
		f, err := parseFloat(s, 64)
		return math.Float64bits(f), err
	}
	if s == "null" && t.IsRef() && t.Nullable() {
		return 0, nil
	}
	if t.IsRef() && t.Nullable() {
		return 0, fmt.Errorf("%q is no %v; the only reference that can be written is null", s, t)
	}
	return 0, fmt.Errorf("%q is no %v; such a value cannot be written", s, t)
}

// parseInt takes everything that has the bits, signed or not.
func parseInt(s string, bits int) (uint64, error) {
	i, err := strconv.ParseInt(s, 0, bits)
	if err == nil {
		return uint64(i) & (1<<bits - 1), nil
	}
	u, err := strconv.ParseUint(s, 0, bits)
	if err != nil {
		return 0, fmt.Errorf("%q is no i%d: %w", s, bits, errors.Unwrap(err))
	}
	return u, nil
}

func parseFloat(s string, bits int) (float64, error) {
	f, err := strconv.ParseFloat(s, bits)
	if err != nil {
		return 0, fmt.Errorf("%q is no f%d: %w", s, bits, errors.Unwrap(err))
	}
	return f, nil
}

// formatValue writes a result of --invoke; integers are taken to be signed. Of a reference to an object or a function only
// the type can be told, as the function declares it.
func formatValue(t vm.ValType, bits uint64) string {
	switch t {
	case vm.I32:
		return strconv.FormatInt(int64(int32(bits)), 10)
	case vm.I64:
		return strconv.FormatInt(int64(bits), 10)
	case vm.F32:
		return formatFloat(float64(math.Float32frombits(uint32(bits))), 32)
	case vm.F64:
		return formatFloat(math.Float64frombits(bits), 64)
	}
	if bits == 0 {
		return "null"
	}
	if n, ok := vm.I31Value(bits); ok {
		return "ref.i31 " + strconv.FormatInt(int64(n), 10)
	}
	return t.String()
}

// formatFloat writes what parseFloat reads back as the same number.
func formatFloat(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 0):
		return strings.ToLower(strconv.FormatFloat(f, 'g', -1, bits))
	case math.Abs(f) >= 1e21 || f != 0 && math.Abs(f) < 1e-6:
		return strconv.FormatFloat(f, 'e', -1, bits)
	}
	return strconv.FormatFloat(f, 'f', -1, bits)
}
