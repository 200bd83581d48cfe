package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasi"
	"github.com/godwit-vm/godwit/wasm"
)

// snapshot resumes a snapshot.
func (r *run) snapshot() error {
	if err := r.checkResume(); err != nil {
		return err
	}
	f, err := state.ReadFile(r.file, vm.SnapshotLimits{})
	if err != nil {
		return about(r.file, err)
	}
	defer f.Close()
	if err := r.provide(f); err != nil {
		return err
	}
	if err := r.checkMounts(f); err != nil {
		return about(r.file, err)
	}
	rt := vm.NewRuntime(r.config())
	defer rt.SaveCode() // the log tells of errors
	p, err := rt.RestoreView(r.ctx, &f.Program, r.programConfig())
	if err != nil {
		return about(r.file, r.restoreError(err))
	}
	defer p.Close()
	if !p.Resumable() {
		return about(r.file, errors.New("the program that it holds stands in no function: there is nothing to resume"))
	}
	results, err := r.guarded(p, p.Resume)
	if err != nil || len(results) == 0 {
		return err
	}
	types, err := r.resultTypes(&f.Program)
	if err != nil {
		return about(r.file, err)
	}
	return printResults(types, results)
}

// checkResume refuses what a program is started with and cannot be given later.
func (r *run) checkResume() error {
	switch {
	case r.invoke != "":
		return wrong("--invoke: %s is a snapshot, which goes on in the function where it was taken", r.file)
	case len(r.args) > 0:
		return wrong("%q: %s is a snapshot, and its program has its arguments already", strings.Join(r.args, " "), r.file)
	case r.argv0 != "":
		return wrong("--argv0: %s is a snapshot, and its program has its name already", r.file)
	}
	if r.envInherit || len(r.env) > 0 {
		r.log.Warn("--env and --env-inherit have no effect on a resumed program: its environment is part of it")
	}
	return nil
}

// provide gives the snapshot the modules of --module, and checks that it has all.
func (r *run) provide(f *state.File) error {
	for _, file := range r.modules {
		binary, err := readModule(file)
		if err != nil {
			return fmt.Errorf("--module: %w", err)
		}
		if !f.Provide(binary) {
			return fmt.Errorf("--module: %s is not a module of %s, which needs%s", file, r.file, moduleList(f))
		}
	}
	if err := f.Complete(); err != nil {
		return fmt.Errorf("%s holds no modules; give --module FILE with%s", r.file, moduleList(f))
	}
	return nil
}

// moduleList names the modules that a snapshot was taken of.
func moduleList(f *state.File) string {
	var b strings.Builder
	for i := range f.Modules {
		m := &f.Modules[i]
		b.WriteString("\n  ")
		if m.Name != "" {
			fmt.Fprintf(&b, "%q, ", m.Name)
		}
		fmt.Fprintf(&b, "SHA-256 %x", m.Hash)
	}
	return b.String()
}

// checkMounts says which mounts the program had and is not given.
func (r *run) checkMounts(f *state.File) error {
	if r.changed == vm.ReopenEIO {
		return nil
	}
	var errs []error
	for i := range f.Resources {
		res := &f.Resources[i]
		if res.Name != wasi.Module {
			continue
		}
		d, err := wasi.Describe(res.Version, res.Data)
		if err != nil {
			return err
		}
		for _, fd := range d.FDs {
			if fd.Kind == "mount" && !r.mounts(fd.Path) {
				errs = append(errs, fmt.Errorf("the snapshot needs a mount for guest path %s: give --dir HOST::%s", fd.Path, fd.Path))
			}
		}
	}
	return errors.Join(errs...)
}

// mounts tells whether a --dir has the guest's name.
func (r *run) mounts(guest string) bool {
	for _, m := range r.dirs {
		if m.guest == guest {
			return true
		}
	}
	return false
}

// restoreError adds to what cannot be restored what can be done about it.
func (r *run) restoreError(err error) error {
	switch {
	case errors.Is(err, wasi.ErrNotMounted):
		return fmt.Errorf("%w\ngive the folder with --dir HOST::GUEST", err)
	case errors.Is(err, wasi.ErrFileChanged) && r.changed == vm.ReopenFail:
		return fmt.Errorf("%w\n--on-changed-file adopt takes changed files as they are now, eio gives the program an error when it uses them", err)
	case errors.Is(err, wasi.ErrFileGone) && r.changed == vm.ReopenFail:
		return fmt.Errorf("%w\n--on-changed-file eio gives the program an error when it uses such files", err)
	}
	return err
}

// resultTypes are the types of what the function at the bottom of the stack returns.
func (r *run) resultTypes(p *state.Program) ([]wasm.ValType, error) {
	for i := range p.Threads {
		if frames := p.Threads[i].Frames; len(frames) > 0 {
			m, err := wasm.Decode(p.Modules[p.Instances[frames[0].Instance].Module].Bytes, r.features.among(vm.DefaultFeatures))
			if err != nil {
				return nil, err
			}
			return m.FuncType(frames[0].Func).Results, nil
		}
	}
	return nil, vm.ErrNothingToResume
}
