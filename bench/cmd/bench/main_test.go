package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/bench"
	"github.com/google/go-cmp/cmp"
)

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{
		"-set", "long,startup", "-runner", "wazero", "-runner", "x=vm {wasm} {args}", "-base", "x", "-rounds", "7", "-cpu", "1",
		"-metric", "rss", "-timeout", "3s", "-binary", "godwit=/bin/godwit", "fib", "json",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var runners []string
	for _, r := range o.runners {
		runners = append(runners, r.Name)
	}
	got := []any{o.sets, runners, o.base, o.rounds, o.cpu, o.metric, o.timeout, o.binaries["godwit"], o.programs}
	want := []any{
		[]bench.Set{bench.Long, bench.Startup}, []string{"wazero", "x"}, "x", 7, 1, bench.RSS, 3 * time.Second, "/bin/godwit",
		[]string{"fib", "json"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOptionsRefuse(t *testing.T) {
	for args, want := range map[string]string{
		"-set middling":                       "no set is called",
		"-metric speed":                       "no metric is called",
		"-runner nobody":                      "no runner is called",
		"-base nobody":                        "the base nobody is no runner",
		"-rounds 0":                           "-rounds must be 1 at least",
		"-runner wazero -runner wazero":       "two runners are called wazero",
		"-binary godwit":                      "give NAME=PATH",
		"-binary gadwit=/bin/gadwit":          "no binary is called gadwit",
		"-runner wazero -base native fib xyz": "the base native is no runner",
	} {
		_, err := parseOptions(strings.Fields(args), io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", args, err, want)
		}
	}
}
