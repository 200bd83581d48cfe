package state

import "github.com/godwit-vm/godwit/wasm"

// The sections of godwit's own, each as a pair of functions that mirror each other: what one appends, the other reads.

func appendModules(e *encoder, p *Program, o Options) {
	e.uint(uint64(len(p.Modules)))
	for i := range p.Modules {
		m := &p.Modules[i]
		e.string(m.Name)
		e.raw(m.Hash[:])
		embed := m.Bytes != nil && !o.OmitModules
		e.bool(embed)
		if embed {
			e.blob(m.Bytes)
		}
	}
}

func readModules(d *decoder, p *Program) {
	p.Modules = list[Module](d.count("modules", 34, d.limits.Objects))
	for i := range p.Modules {
		m := &p.Modules[i]
		m.Name = d.string()
		copy(m.Hash[:], d.take(32))
		if d.bool() {
			if m.Bytes = d.blob(); m.Bytes == nil {
				d.fail(ErrInvalid, "module %d is embedded but empty", i)
			}
		}
	}
}

func appendInstances(e *encoder, p *Program, _ Options) {
	e.uint(uint64(len(p.Instances)))
	for i := range p.Instances {
		in := &p.Instances[i]
		e.string(in.Name)
		e.uint(uint64(in.Module))
		e.uints(in.ImportedFuncs)
		e.uints(in.Tables)
		e.uints(in.Memories)
		e.uints(in.Globals)
		e.uints(in.Tags)
		e.bools(in.DroppedElems)
		e.bools(in.DroppedDatas)
	}
}

func readInstances(d *decoder, p *Program) {
	p.Instances = list[Instance](d.count("instances", 8, d.limits.Objects))
	for i := range p.Instances {
		in := &p.Instances[i]
		*in = Instance{
			Name:          d.string(),
			Module:        d.index(),
			ImportedFuncs: d.uints("imported functions"),
			Tables:        d.uints("tables"),
			Memories:      d.uints("memories"),
			Globals:       d.uints("globals"),
		}
		if d.version >= 2 {
			in.Tags = d.uints("tags")
		}
		in.DroppedElems, in.DroppedDatas = d.bools("element segments"), d.bools("data segments")
	}
}

// Kinds of runs in godwit.funcs.
const (
	funcsOfInstance = 0
	funcOfHost      = 1
)

func appendFuncs(e *encoder, p *Program, _ Options) {
	e.uint(uint64(len(p.Funcs)))
	for i := range p.Funcs {
		f := &p.Funcs[i]
		if f.Instance >= 0 {
			e.byte(funcsOfInstance)
			e.uint(uint64(f.Instance))
			e.uint(uint64(f.First))
			e.uint(uint64(f.Count))
			continue
		}
		e.byte(funcOfHost)
		e.string(f.HostModule)
		e.string(f.HostName)
		e.valTypes(f.HostType.Params)
		e.valTypes(f.HostType.Results)
	}
}

func readFuncs(d *decoder, p *Program) {
	p.Funcs = list[FuncRun](d.count("runs of functions", 4, d.limits.Funcs))
	for i := range p.Funcs {
		f := &p.Funcs[i]
		switch kind := d.byte(); kind {
		case funcsOfInstance:
			*f = FuncRun{Instance: d.index(), First: d.uint32(), Count: d.uint32()}
		case funcOfHost:
			*f = FuncRun{Instance: -1, Count: 1, HostModule: d.string(), HostName: d.string(), HostType: wasm.FuncType{
				Params: d.valTypes("parameters"), Results: d.valTypes("results"),
			}}
		default:
			d.fail(ErrInvalid, "unknown kind %d of function", kind)
		}
	}
}

func appendTables(e *encoder, p *Program, _ Options) {
	e.uint(uint64(len(p.Tables)))
	for i := range p.Tables {
		t := &p.Tables[i]
		e.valType(t.Type.Elem)
		e.limits(t.Type.Limits)
		e.uint(uint64(len(t.Elems)))
		top := p.Top(t.Type.Elem)
		for _, r := range t.Elems {
			e.ref(top, r)
		}
	}
}

func readTables(d *decoder, p *Program) {
	p.Tables = list[Table](d.count("tables", 4, d.limits.Objects))
	left := d.limits.Elements
	for i := range p.Tables {
		t := &p.Tables[i]
		t.Type = wasm.TableType{Elem: d.valType(), Limits: d.tableLimits()}
		n := d.count("elements", 1, 0)
		if uint64(n) > left {
			d.fail(ErrLimit, "more than %d elements in tables", d.limits.Elements)
			return
		}
		left -= uint64(n)
		t.Elems = list[uint64](n)
		top := p.Top(t.Type.Elem)
		for j := range t.Elems {
			t.Elems[j] = d.ref(top)
		}
	}
}

func appendMemories(e *encoder, p *Program, _ Options) {
	e.uint(uint64(len(p.Memories)))
	for i := range p.Memories {
		m := &p.Memories[i]
		e.memoryType(m.Type)
		e.uint(m.Size() / m.Type.PageBytes())
	}
}

func readMemories(d *decoder, p *Program) {
	p.Memories = list[Memory](d.count("memories", 3, d.limits.Objects))
	for i := range p.Memories {
		m := &p.Memories[i]
		m.Type = d.memoryType()
		pages := d.uint()
		if pages > maxPages(m.Type) {
			d.fail(ErrInvalid, "memory %d has %d pages", i, pages)
			return
		}
		m.Source = &fileSource{size: pages * m.Type.PageBytes()}
	}
}

func appendGlobals(e *encoder, p *Program, _ Options) {
	e.uint(uint64(len(p.Globals)))
	for i := range p.Globals {
		g := &p.Globals[i]
		e.bool(g.Type.Mutable)
		e.valType(g.Type.Type)
		e.value(g.Value)
	}
}

func readGlobals(d *decoder, p *Program) {
	p.Globals = list[Global](d.count("globals", 3, d.limits.Objects))
	for i := range p.Globals {
		g := &p.Globals[i]
		g.Type.Mutable = d.bool()
		if d.version < 2 {
			g.Value = d.value()
			g.Type.Type = g.Value.Type
			continue
		}
		g.Type.Type = d.valType()
		g.Value = d.value()
	}
}

func appendTags(e *encoder, p *Program, _ Options) {
	e.uint(uint64(len(p.Tags)))
	for i := range p.Tags {
		e.uint(uint64(p.Tags[i].Type))
	}
}

func readTags(d *decoder, p *Program) {
	p.Tags = list[Tag](d.count("tags", 1, d.limits.Objects))
	for i := range p.Tags {
		p.Tags[i].Type = d.uint32()
	}
}

func appendHeap(e *encoder, p *Program, _ Options) {
	e.uint(p.Heap.Objects)
	e.blob(p.Heap.Data)
}

func readHeap(d *decoder, p *Program) {
	p.Heap.Objects = d.uint()
	p.Heap.Data = d.blob()
}

func appendThreads(e *encoder, p *Program, _ Options) {
	e.uint(uint64(len(p.Threads)))
	for i := range p.Threads {
		t := &p.Threads[i]
		e.bool(t.HasPending)
		if t.HasPending {
			e.blob(t.Pending)
		}
		e.uint(uint64(len(t.Frames)))
		for j := range t.Frames {
			f := &t.Frames[j]
			e.uint(uint64(f.Instance))
			e.uint(uint64(f.Func))
			e.uint(uint64(f.Offset))
			e.values(f.Locals)
			e.values(f.Stack)
		}
	}
}

func readThreads(d *decoder, p *Program) {
	p.Threads = list[Thread](d.count("threads", 2, d.limits.Objects))
	frames, values := d.limits.Frames, d.limits.Values
	for i := range p.Threads {
		t := &p.Threads[i]
		if t.HasPending = d.bool(); t.HasPending {
			t.Pending = d.blob()
		}
		n := d.count("frames", 5, 0)
		if uint64(n) > frames {
			d.fail(ErrLimit, "more than %d frames", d.limits.Frames)
			return
		}
		frames -= uint64(n)
		t.Frames = list[Frame](n)
		for j := range t.Frames {
			t.Frames[j] = Frame{
				Instance: d.index(),
				Func:     d.uint32(),
				Offset:   d.uint32(),
				Locals:   d.values("locals", &values),
				Stack:    d.values("operands", &values),
			}
		}
	}
}

func appendResources(e *encoder, p *Program, _ Options) {
	e.uint(uint64(len(p.Resources)))
	for i := range p.Resources {
		r := &p.Resources[i]
		e.string(r.Name)
		e.uint(uint64(r.Version))
		e.blob(r.Data)
	}
}

func readResources(d *decoder, p *Program) {
	p.Resources = list[Resource](d.count("resources", 3, d.limits.Objects))
	for i := range p.Resources {
		p.Resources[i] = Resource{Name: d.string(), Version: d.uint32(), Data: d.blob()}
	}
}

// body is a section that holds a part of the program.
type body struct {
	name   string
	since  int // version of the format
	append func(*encoder, *Program, Options)
	read   func(*decoder, *Program)
}

// bodies lists the sections that hold the program, in the order in which they are written, and read: types come before
// what names them. Each stands once.
var bodies = []body{
	{nameModules, 1, appendModules, readModules},
	{nameTypes, 2, appendTypes, readTypes},
	{nameInstances, 1, appendInstances, readInstances},
	{nameFuncs, 1, appendFuncs, readFuncs},
	{nameTables, 1, appendTables, readTables},
	{nameMemories, 1, appendMemories, readMemories},
	{nameGlobals, 1, appendGlobals, readGlobals},
	{nameTags, 2, appendTags, readTags},
	{nameHeap, 2, appendHeap, readHeap},
	{nameThreads, 1, appendThreads, readThreads},
	{nameResources, 1, appendResources, readResources},
}
