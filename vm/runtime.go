package vm

import (
	"bytes"
	"context"
	"hash/maphash"
	"runtime"
	"sync"
	"weak"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit"
	"github.com/godwit-vm/godwit/wasm"
)

// Runtime compiles modules and makes programs of them. It may be used by many goroutines. It holds nothing that has to
// be closed.
type Runtime struct {
	cfg  *Config
	tier *jit.Tier // nil when everything is interpreted

	mu sync.Mutex
	// modules are those that somebody still uses, by a hash of their binaries that is quick and not to be trusted: the
	// SHA-256 would cost more than a fifth of compiling, and a command that runs one module never needs it. That a module
	// is here never decides whether something succeeds, only how fast it is.
	modules map[uint64]weak.Pointer[Module]
	seed    maphash.Seed
}

// NewRuntime returns a runtime; c may be nil.
func NewRuntime(c *Config) *Runtime {
	if c == nil {
		c = NewConfig()
	}
	return &Runtime{cfg: c, tier: newTier(c), modules: map[uint64]weak.Pointer[Module]{}, seed: maphash.MakeSeed()}
}

// Config is what the runtime was made with.
func (rt *Runtime) Config() *Config { return rt.cfg }

// Compiles tells whether the runtime compiles functions to machine code: its tier says so, and there is a compiler for this host.
func (rt *Runtime) Compiles() bool { return rt.tier != nil }

// Compile decodes and validates a module in the binary format. The error is a [*ValidationError]. The module keeps
// binary, which must not be changed any more. Of a module in the text format package wasm/wat makes the binary. Compiling the same binary again gives the same module, for as long as
// somebody uses it.
func (rt *Runtime) Compile(binary []byte) (*Module, error) {
	key := maphash.Bytes(rt.seed, binary)
	if m := rt.lookup(key, binary); m != nil {
		return m, nil
	}
	w, err := wasm.Decode(binary, rt.cfg.features)
	if err != nil {
		return nil, err
	}
	code := interp.NewModule(w)
	if rt.tier != nil {
		rt.tier.Attach(code)
	}
	return rt.remember(&Module{rt: rt, code: code, key: key}), nil
}

// lookup finds a module that is in use, or nil.
func (rt *Runtime) lookup(key uint64, binary []byte) *Module {
	rt.mu.Lock()
	m := rt.modules[key].Value()
	rt.mu.Unlock()
	if m == nil || !bytes.Equal(m.code.Wasm().Bytes, binary) {
		return nil
	}
	return m
}

// remember returns m, or the same module that somebody else compiled meanwhile.
func (rt *Runtime) remember(m *Module) *Module {
	if have := rt.lookup(m.key, m.code.Wasm().Bytes); have != nil {
		return have
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.modules[m.key] = weak.Make(m)
	runtime.AddCleanup(m, forget, forgotten{weak.Make(rt), m.key})
	return m
}

// forgotten is a module that is gone. It does not keep the runtime alive, from whose configuration there may be a way to the module, which
// would never go then.
type forgotten struct {
	rt  weak.Pointer[Runtime]
	key uint64
}

func forget(f forgotten) {
	rt, key := f.rt.Value(), f.key
	if rt == nil {
		return
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.modules[key].Value() == nil {
		delete(rt.modules, key)
	}
}

// NewProgram returns a program without instances; c may be nil.
func (rt *Runtime) NewProgram(c *ProgramConfig) (*Program, error) {
	p, err := rt.newProgram(c)
	if err != nil {
		return nil, err
	}
	p.start(0)
	return p, nil
}

// Instantiate makes a program of one instance, see [Program.Instantiate]. The instance has the module's own name, or
// "main". Closing [Instance.Program] frees both.
func (rt *Runtime) Instantiate(ctx context.Context, m *Module, c *ProgramConfig) (*Instance, error) {
	p, err := rt.NewProgram(c)
	if err != nil {
		return nil, err
	}
	name := m.Name()
	if name == "" || p.taken(name) {
		name = "main"
	}
	i, err := p.Instantiate(ctx, m, name)
	if err != nil {
		p.Close()
		return nil, err
	}
	return i, nil
}
