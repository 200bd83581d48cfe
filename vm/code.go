package vm

import (
	"errors"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/jit"
)

// WithCodeCache sets a directory in which machine code is kept from one process to the next, "" for none, the default. It is made if it is not
// there. A function that was compiled once is then machine code from its first call on. A code file is good for one module, one kind of
// processor and one build of the executable; whatever else is found is ignored, damaged files are written anew, and nothing
// but speed depends on them. Files that nobody has used for 30 days are removed, and those used least when all of them are larger than 1 GiB. It has no
// effect on [TierInterp].
//
// What is in the directory is executed. Whoever may write there can do whatever this process can, outside of any sandbox: it
// must be writable for nobody who is not trusted. It is made, and files in it are, for this user only.
func (c *Config) WithCodeCache(dir string) *Config {
	return c.with(func(d *Config) { d.codeDir = dir })
}

// WithCode sets a code file that [Module.WriteCode] has made of the module that is to be compiled. It is only read. If it is not
// good for the module or this process, the logger is warned, and it is as if there were none. What WithCodeCache says of trust holds for it too.
func (c *Config) WithCode(file string) *Config {
	return c.with(func(d *Config) { d.codeFile = file })
}

// SaveCode writes machine code that was compiled since it was last written to the directory that [Config.WithCodeCache] names. It is called before a
// process ends; until then that happens from time to time.
func (rt *Runtime) SaveCode() error {
	if rt.tier == nil {
		return nil
	}
	return rt.tier.Flush()
}

// WriteCode compiles all functions of the module to machine code, without running it, for [Config.WithCode], or, if path is a directory, for
// [Config.WithCodeCache] with that directory. Programs whose safepoints are counted, for fuel or a hook, run other machine code, which is not
// made beforehand. It returns the path of the file. see, if it is not nil, is told of each function. The error is
// [errors.ErrUnsupported] where there is no compiler for this host.
func (m *Module) WriteCode(path string, see func(Compilation)) (file string, err error) {
	if _, err := jit.New(jit.Config{}); err != nil {
		return "", errors.Join(errors.ErrUnsupported, err)
	}
	return jit.WriteCode(interp.NewModule(m.code.Wasm()), path, see)
}
