package vm

import (
	"slices"

	"github.com/godwit-vm/godwit/interp"
)

// HostModule is what the embedder lets guests import under one name: functions written in Go, memories, tables,
// globals and tags. It is immutable - each With method returns a changed copy - and may be given to any number of programs;
// what is of a program is made for each, see WithState.
type HostModule struct {
	name    string
	entries []hostEntry
	state   func() Resource
}

// hostEntry is something that a host module exports; what kind it is says extern.
type hostEntry struct {
	name   string
	kind   ExternKind
	fn     HostFunc
	memory MemoryType
	table  TableType
	global GlobalType
	value  uint64
	tag    FuncType
}

// NewHostModule returns an empty host module.
func NewHostModule(name string) *HostModule { return &HostModule{name: name} }

// Name is the name under which guests import from the module.
func (h *HostModule) Name() string { return h.name }

// WithFunc adds a function, or replaces what the module has of that name. Functions are made by Func0 to Func8, which
// take and return Go values, by Proc0 to Proc8, which return nothing but an error, and by [RawFunc] for everything else.
func (h *HostModule) WithFunc(name string, f HostFunc) *HostModule {
	return h.with(hostEntry{name: name, kind: ExternFunc, fn: f})
}

// WithMemory adds a memory. Each program has its own, made when a guest first imports it.
func (h *HostModule) WithMemory(name string, t MemoryType) *HostModule {
	return h.with(hostEntry{name: name, kind: ExternMemory, memory: t})
}

// WithTable adds a table of null references, which its elements' type must allow. Each program has its own, made when a guest first imports it.
func (h *HostModule) WithTable(name string, t TableType) *HostModule {
	return h.with(hostEntry{name: name, kind: ExternTable, table: t})
}

// WithGlobal adds a global whose value is the bits of a number (of a v128 the lower half, the upper one is 0), 0 for null,
// or a reference that [HostRef] or [I31] has made. Each program has its own, made when a guest first imports it.
func (h *HostModule) WithGlobal(name string, t GlobalType, value uint64) *HostModule {
	return h.with(hostEntry{name: name, kind: ExternGlobal, global: t, value: value})
}

// WithTag adds a tag, whose exceptions carry values of the types params. Each program has its own, see [Program.HostTag].
func (h *HostModule) WithTag(name string, params ...ValType) *HostModule {
	return h.with(hostEntry{name: name, kind: ExternTag, tag: FuncType{Params: params}})
}

// WithState gives each program that has the module a state of its own, made by newState. The module's functions find
// it with [Caller.State]. It is part of every snapshot under the module's name: it is saved while the program stands
// still, and restored, into a new one, before anything runs.
func (h *HostModule) WithState(newState func() Resource) *HostModule {
	d := *h
	d.state = newState
	return &d
}

func (h *HostModule) with(e hostEntry) *HostModule {
	d := *h
	d.entries = slices.DeleteFunc(slices.Clone(h.entries), func(o hostEntry) bool { return o.name == e.name })
	d.entries = append(d.entries, e)
	return &d
}

func (h *HostModule) entry(name string) *hostEntry {
	for k := range h.entries {
		if h.entries[k].name == name {
			return &h.entries[k]
		}
	}
	return nil
}

// HostFunc is a function for guests to import, written in Go. See [HostModule.WithFunc].
type HostFunc struct {
	typ FuncType
	// bind makes the function for one program, to which c belongs.
	bind func(c *Caller) hostCall
}

// hostCall is a host function as the interpreter calls it.
type hostCall = func(*interp.Caller, []uint64) error

// Type is the function's type.
func (f HostFunc) Type() FuncType { return f.typ }

// RawFunc makes a host function of any type, known when it is made and not before. Its arguments begin at stack[0], one
// entry each but for a v128, which takes two, and it leaves its results in the same place; both fit. Numbers are their
// bits, references are as [RefKind] says, 0 is null. stack is the guest's own: it must not be kept, nor used again after a
// call back.
func RawFunc(t FuncType, fn func(c *Caller, stack []uint64) error) HostFunc {
	return HostFunc{typ: t, bind: func(own *Caller) hostCall {
		return func(ic *interp.Caller, stack []uint64) error {
			err := fn(own.on(ic), stack)
			if err == nil { // else the arguments are still needed, if the call is to be made again
				narrow(t.Results, stack)
			}
			return err
		}
	}}
}

// host is a host module as one program has it.
type host struct {
	*HostModule
	caller *Caller
}

// addHost makes the program's own part of a host module.
func (p *Program) addHost(h *HostModule) error {
	c := &Caller{p: p}
	if h.state != nil {
		c.state = h.state()
		if err := p.store.AddResource(h.name, c.state); err != nil {
			return err
		}
	}
	p.hosts = append(p.hosts, &host{h, c})
	return nil
}

// host finds a host module, or returns nil.
func (p *Program) host(name string) *host {
	for _, h := range p.hosts {
		if h.name == name {
			return h
		}
	}
	return nil
}
