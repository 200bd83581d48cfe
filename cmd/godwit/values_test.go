package main

import (
	"math"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/vm"
)

func TestParseMount(t *testing.T) {
	for _, test := range []struct {
		in   string
		want mount
		ok   bool
	}{
		{"/a::/b", mount{"/a", "/b", false}, true},
		{"/a::/b:ro", mount{"/a", "/b", true}, true},
		{"/a:x::/b", mount{"/a:x", "/b", false}, true},
		{"/a:/b", mount{"/a", "/b", false}, true},
		{"/a:/b:ro", mount{"/a", "/b", true}, true},
		{"/a", mount{"/a", "/a", false}, true},
		{".", mount{".", ".", false}, true},
		{"/a:ro", mount{"/a", "/a", true}, true},
		{"/a:/b:/c", mount{}, false},
		{"::/b", mount{}, false},
		{"/a::", mount{}, false},
		{"/a:", mount{}, false},
		{"", mount{}, false},
	} {
		got, err := parseMount(test.in)
		if (err == nil) != test.ok || test.ok && got != test.want {
			t.Errorf("parseMount(%q) = %+v, %v", test.in, got, err)
		}
	}
	if runtime.GOOS == "windows" {
		if got, err := parseMount(`C:\a:/b`); err != nil || got != (mount{`C:\a`, "/b", false}) {
			t.Errorf("a path with a drive: %+v, %v", got, err)
		}
	}
}

func TestValuesComeBack(t *testing.T) {
	for _, test := range []struct {
		typ  vm.ValType
		bits uint64
		want string
	}{
		{vm.I32, 0, "0"},
		{vm.I32, 0xffff_ffff, "-1"},
		{vm.I32, 1 << 31, "-2147483648"},
		{vm.I64, 1 << 63, "-9223372036854775808"},
		{vm.I64, math.MaxUint64, "-1"},
		{vm.F32, uint64(math.Float32bits(0.1)), "0.1"},
		{vm.F32, uint64(math.Float32bits(math.MaxFloat32)), "3.4028235e+38"},
		{vm.F64, math.Float64bits(1e-7), "1e-07"},
		{vm.F64, math.Float64bits(math.Inf(-1)), "-inf"},
		{vm.F64, math.Float64bits(math.Copysign(0, -1)), "-0"},
		{vm.F64, math.Float64bits(123456789012345680), "123456789012345680"},
		{vm.FuncRef, 0, "null"},
	} {
		text := formatValue(test.typ, test.bits)
		bits, err := parseValue(test.typ, text)
		if diff := cmp.Diff(test.want, text); diff != "" || err != nil || bits != test.bits {
			t.Errorf("%v %#x: %#x, %v %s", test.typ, test.bits, bits, err, diff)
		}
	}
}

func TestClosest(t *testing.T) {
	names := []string{"dir", "env", "env-inherit", "timeout", "snapshot", "snapshot-at", "o"}
	for written, want := range map[string]string{
		"timeot": "timeout", "tiemout": "timeout", "snapshots": "snapshot", "dri": "", "dirs": "dir", "nothing": "", "en": "env",
	} {
		if got := closest(written, names); got != want {
			t.Errorf("closest(%q) = %q, want %q", written, got, want)
		}
	}
}
