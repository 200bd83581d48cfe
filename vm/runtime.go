package vm

import (
	"context"
	"crypto/sha256"
	"runtime"
	"sync"
	"weak"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasm"
)

// Runtime compiles modules and makes programs of them. It may be used by many goroutines. It holds nothing that has to
// be closed.
type Runtime struct {
	cfg *Config

	mu sync.Mutex
	// modules are those that somebody still uses, by the SHA-256 of their binaries. That a module is here never decides
	// whether something succeeds, only how fast it is.
	modules map[[32]byte]weak.Pointer[Module]
}

// NewRuntime returns a runtime; c may be nil.
func NewRuntime(c *Config) *Runtime {
	if c == nil {
		c = NewConfig()
	}
	return &Runtime{cfg: c, modules: map[[32]byte]weak.Pointer[Module]{}}
}

// Config is what the runtime was made with.
func (rt *Runtime) Config() *Config { return rt.cfg }

// Compile decodes and validates a module in the binary format. The error is a [*ValidationError]. The module keeps
// binary, which must not be changed any more. Compiling the same binary again gives the same module, for as long as
// somebody uses it.
func (rt *Runtime) Compile(binary []byte) (*Module, error) {
	return rt.compile(binary, sha256.Sum256(binary))
}

func (rt *Runtime) compile(binary []byte, hash [32]byte) (*Module, error) {
	if m := rt.lookup(hash); m != nil {
		return m, nil
	}
	w, err := wasm.Decode(binary, rt.cfg.features)
	if err != nil {
		return nil, err
	}
	return rt.remember(&Module{rt: rt, code: interp.NewModule(w), hash: hash}), nil
}

// lookup finds a module that is in use, or nil.
func (rt *Runtime) lookup(hash [32]byte) *Module {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	return rt.modules[hash].Value()
}

// remember returns m, or the same module that somebody else compiled meanwhile.
func (rt *Runtime) remember(m *Module) *Module {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if have := rt.modules[m.hash].Value(); have != nil {
		return have
	}
	rt.modules[m.hash] = weak.Make(m)
	runtime.AddCleanup(m, rt.forget, m.hash)
	return m
}

func (rt *Runtime) forget(hash [32]byte) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.modules[hash].Value() == nil {
		delete(rt.modules, hash)
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
