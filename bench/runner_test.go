package bench

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRunnerCommand(t *testing.T) {
	values := map[string]string{"wasm": "g/fib.wasm", "native": "g/fib", "godwit": "/bin/godwit"}
	for _, test := range []struct {
		spec string
		args []string
		want []string
	}{
		{"native", []string{"35"}, []string{"g/fib", "35"}},
		{"godwit", []string{"a", "b c"}, []string{"/bin/godwit", "run", "g/fib.wasm", "a", "b c"}},
		{"x=run --file={wasm} -- {args}", nil, []string{"run", "--file=g/fib.wasm", "--"}},
		{"x=run 'a b' \"c  d\" {wasm}", []string{"unused"}, []string{"run", "a b", "c  d", "g/fib.wasm"}},
		{"x=run --opt=1 {wasm} {args}", []string{"{wasm}"}, []string{"run", "--opt=1", "g/fib.wasm", "{wasm}"}},
	} {
		r, err := ParseRunner(test.spec)
		if err != nil {
			t.Errorf("%s: %v", test.spec, err)
			continue
		}
		got, err := r.Command(values, test.args)
		if err != nil {
			t.Errorf("%s: %v", test.spec, err)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.spec, diff)
		}
	}
}

func TestExpandDoesNotExpandValues(t *testing.T) {
	got, err := expand("<{a}>", map[string]string{"a": "{b}", "b": "wrong"})
	if err != nil || got != "<{b}>" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRunnerRefuses(t *testing.T) {
	for spec, want := range map[string]string{
		"nobody":                  "no runner is called",
		"=run {wasm}":             "has no name",
		"x=":                      "no command",
		"x=run {args}":            "neither {wasm} nor {native}",
		"x=run 'a {wasm}":         "a quote is not closed",
		"x=run {wasm} {moon}":     "nothing is known of {moon}",
		"x=run {wasm} -a={args}":  "must be a word of its own",
		"x=run {wasm} {unclosed ": "no closing brace",
	} {
		r, err := ParseRunner(spec)
		if err == nil {
			_, err = r.Command(map[string]string{"wasm": "w"}, nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", spec, err, want)
		}
	}
}
