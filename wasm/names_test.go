package wasm

import (
	"sync"
	"testing"
)

// namedModule imports a function, defines three of which the second and third are exported, and has that name section.
func namedModule(names ...any) []byte {
	return module(
		section(secType, vector(funcType(types(I32), nil))),
		section(secImport, vector(join(str("env"), str("log"), 0, 0))),
		section(secFunc, vector(leb(0), leb(0), leb(0))),
		section(secExport, vector(join(str("run"), 0, 2), join(str("again"), 0, 2), join(str("end"), 0, 3))),
		section(secCode, vector(body(), body(), body())),
		section(secCustom, str("name"), join(names...)),
	)
}

func TestNames(t *testing.T) {
	assoc := func(i int, name string) []byte { return join(i, str(name)) }
	const broken = "\xFF"
	moduleName := join(0, sized(str("app")))
	funcNames := join(1, sized(vector(assoc(1, "helper"), assoc(2, "main"))))
	localNames := join(2, sized(vector(join(1, vector(assoc(0, "x"), assoc(3, "y"))), join(2, vector(assoc(0, "z"))))))
	for _, c := range []struct {
		name   string
		b      []byte
		module string
		funcs  [5]string
		x, z   string // locals 0 of functions 1 and 2
	}{
		{"all", namedModule(moduleName, funcNames, localNames), "app", [5]string{"env.log", "helper", "main", "end", "func[4]"}, "x", "z"},
		{"none", namedModule(), "", [5]string{"env.log", "func[1]", "run", "end", "func[4]"}, "", ""},
		{"unknown subsections", namedModule(join(9, sized("whatever")), moduleName), "app", [5]string{"env.log", "func[1]", "run", "end", "func[4]"}, "", ""},
		{"of the import", namedModule(join(1, sized(vector(assoc(0, "log"))))), "", [5]string{"log", "func[1]", "run", "end", "func[4]"}, "", ""},
		{"of a function that is none", namedModule(join(1, sized(vector(assoc(1, "a"), assoc(9, "b"))))), "", [5]string{"env.log", "a", "run", "end", "func[4]"}, "", ""},
		{"a function twice", namedModule(join(1, sized(vector(assoc(1, "a"), assoc(1, "b"))))), "", [5]string{"env.log", "a", "run", "end", "func[4]"}, "", ""},
		{"broken from the second subsection on", namedModule(moduleName, join(1, 99), funcNames), "app", [5]string{"env.log", "func[1]", "run", "end", "func[4]"}, "", ""},
		{"broken name", namedModule(join(0, sized(str(broken))), funcNames), "", [5]string{"env.log", "func[1]", "run", "end", "func[4]"}, "", ""},
		{"count that is too high", namedModule(join(1, sized(leb(1_000_000), assoc(1, "a")))), "", [5]string{"env.log", "func[1]", "run", "end", "func[4]"}, "", ""},
		{"locals out of order", namedModule(join(2, sized(vector(join(2, vector(assoc(0, "z"))), join(1, vector(assoc(3, "y"), assoc(0, "x"))))))), "", [5]string{"env.log", "func[1]", "run", "end", "func[4]"}, "x", "z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustDecode(t, c.b)
			if got := m.ModuleName(); got != c.module {
				t.Errorf("module %q, want %q", got, c.module)
			}
			for i, want := range c.funcs {
				if got := m.FuncName(uint32(i)); got != want {
					t.Errorf("function %d is %q, want %q", i, got, want)
				}
			}
			if x, z := m.LocalName(1, 0), m.LocalName(2, 0); x != c.x || z != c.z {
				t.Errorf("locals %q and %q, want %q and %q", x, z, c.x, c.z)
			}
			if got := m.LocalName(1, 1); got != "" {
				t.Errorf("a local without a name is %q", got)
			}
		})
	}
}

// TestNamesFromManyGoroutines is for the race detector.
func TestNamesFromManyGoroutines(t *testing.T) {
	m := mustDecode(t, namedModule(join(0, sized(str("app")))))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if m.FuncName(2) != "run" || m.ModuleName() != "app" {
				t.Error("wrong name")
			}
			m.LineAt(0)
		})
	}
	wg.Wait()
}
