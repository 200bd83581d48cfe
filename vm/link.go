package vm

import (
	"context"
	"errors"
	"fmt"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasi"
	"github.com/godwit-vm/godwit/wasm"
)

// resolve finds what m imports. Everything that is missing is reported at once. still is held.
func (p *Program) resolve(m *Module) ([]interp.Extern, error) {
	w := m.code.Wasm()
	externs := make([]interp.Extern, len(w.Imports))
	var errs []error
	for k := range w.Imports {
		var err error
		if externs[k], err = p.extern(&w.Imports[k]); err != nil {
			errs = append(errs, err)
		}
	}
	return externs, errors.Join(errs...)
}

// extern finds what an import names: in the instance of that name, else in the host module, else in WASI.
func (p *Program) extern(imp *wasm.Import) (interp.Extern, error) {
	if i := p.Instance(imp.Module); i != nil && imp.Module != "" {
		if e, ok := i.inst.Export(imp.Name); ok {
			return e, nil
		}
		return interp.Extern{}, &LinkError{Module: imp.Module, Name: imp.Name, Reason: "unknown import: the instance does not export it"}
	}
	key := [2]string{imp.Module, imp.Name}
	if e, ok := p.externs[key]; ok {
		return e, nil
	}
	e, err := p.provide(imp.Module, imp.Name)
	if err != nil {
		return e, err
	}
	p.externs[key] = e
	return e, nil
}

// provide makes something of a host module or of WASI in the store.
func (p *Program) provide(module, name string) (e interp.Extern, err error) {
	if f := p.hostFunc(module, name); f != nil {
		e.Func = p.store.AddHostFunc(f)
		return e, nil
	}
	h := p.host(module)
	if h == nil {
		reason := "unknown import: there is no instance and no host module of that name"
		if module == wasi.Module && p.wasi == nil {
			reason = "unknown import: the program was not given WASI"
		}
		return e, &LinkError{Module: module, Name: name, Reason: reason}
	}
	switch d := h.entry(name); {
	case d == nil:
		err = &LinkError{Module: module, Name: name, Reason: "unknown import: the host module has nothing of that name"}
	case d.kind == ExternMemory:
		e.Memory, err = p.store.AddMemory(d.memory)
	case d.kind == ExternTable && !d.table.Elem.Nullable():
		err = &LinkError{Module: module, Name: name, Reason: fmt.Sprintf("the host module's table begins with null, which is no %v", d.table.Elem)}
	case d.kind == ExternTable:
		e.Table, err = p.store.AddTable(d.table)
	case d.kind == ExternGlobal && !initial(d.global.Type, d.value):
		err = &LinkError{Module: module, Name: name, Reason: fmt.Sprintf("the host module's global begins with %#x, which is no %v", d.value, d.global.Type)}
	case d.kind == ExternGlobal:
		value := []uint64{d.value}
		narrow([]ValType{d.global.Type}, value)
		e.Global = p.store.AddGlobal(d.global, value[0])
	case d.kind == ExternTag:
		e.Tag, err = p.store.AddTag(d.tag)
	}
	return e, err
}

// initial tells whether a host module's global of type t may begin with value. A reference that means something to one
// program only is not among what it may begin with, because the module is for all.
func initial(t ValType, value uint64) bool {
	if !t.IsRef() {
		return true
	}
	if value == 0 {
		return t.Nullable()
	}
	kind := KindOfRef(value)
	switch t.AsNullable() {
	case ExternRef, AnyRef:
		return kind == RefHost || kind == RefI31
	case EqRef, I31Ref:
		return kind == RefI31
	}
	return false
}

// HostTag is the tag of a host module in this program: with it the embedder throws exceptions that guests catch, and knows
// again those that they throw. It is nil when the program has no such tag. It must not be asked for while a call runs,
// but by a host function in that call.
func (p *Program) HostTag(module, name string) *Tag {
	h := p.host(module)
	if h == nil {
		return nil
	}
	if d := h.entry(name); d == nil || d.kind != ExternTag {
		return nil
	}
	if err := p.lock(context.Background()); err != nil {
		return nil
	}
	defer p.unlock()
	e, err := p.extern(&wasm.Import{Module: module, Name: name, Kind: ExternTag})
	if err != nil {
		return nil
	}
	return e.Tag
}

// hostFunc finds a function of a host module, or of WASI, and binds it to the program. It returns nil when there is none.
func (p *Program) hostFunc(module, name string) *interp.HostFunc {
	if h := p.host(module); h != nil {
		if d := h.entry(name); d != nil && d.kind == ExternFunc {
			return &interp.HostFunc{Module: module, Name: name, Type: d.fn.typ, Call: d.fn.bind(h.caller)}
		}
	}
	if module != wasi.Module {
		return nil
	}
	for k := range p.wasiFuncs {
		if f := &p.wasiFuncs[k]; f.Name == name {
			return f
		}
	}
	return nil
}

// restoredFunc is hostFunc for a program that had the function when it was frozen.
func (p *Program) restoredFunc(module, name string, _ *wasm.FuncType) (*interp.HostFunc, error) {
	f := p.hostFunc(module, name)
	if f == nil {
		return nil, &LinkError{Module: module, Name: name, Reason: "the program had it when it was frozen, and has not now"}
	}
	return f, nil
}

// recoverExterns finds again, in a restored program, what host modules and WASI had provided: an instance's imports lead
// there, unless they were of an instance. What no instance imports any more is made anew when one does.
func (p *Program) recoverExterns() {
	for i := range p.Instances() {
		var nfuncs, ntables, nmemories, nglobals, ntags uint32
		for _, imp := range i.m.code.Wasm().Imports {
			var e interp.Extern
			switch imp.Kind {
			case ExternFunc:
				e.Func = i.inst.Func(nfuncs)
				nfuncs++
			case ExternTable:
				e.Table = i.inst.Table(ntables)
				ntables++
			case ExternMemory:
				e.Memory = i.inst.Memory(nmemories)
				nmemories++
			case ExternGlobal:
				e.Global = i.inst.Global(nglobals)
				nglobals++
			case ExternTag:
				e.Tag = i.inst.Tag(ntags)
				ntags++
			}
			if p.host(imp.Module) != nil || p.wasi != nil && imp.Module == wasi.Module {
				p.externs[[2]string{imp.Module, imp.Name}] = e
			}
		}
	}
}

// foreignModule says that m was compiled by another runtime.
func foreignModule(m *Module) error {
	hash := m.Hash()
	return fmt.Errorf("module %x: %w", hash[:6], ErrForeign)
}
