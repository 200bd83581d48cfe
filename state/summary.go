package state

import (
	"encoding/hex"
	"math"
	"time"

	"github.com/godwit-vm/godwit/wasm"
)

// Summary is what a person wants to know of a snapshot, as data. [Summary.Print] writes it for people.
type Summary struct {
	Version    int       `json:"version"` // of the file format
	Godwit     string    `json:"godwit"`  // version of godwit that took the snapshot
	Created    time.Time `json:"created"`
	Safepoints uint64    `json:"safepoints,omitempty"` // passed before it was taken, when the run counted them
	Size       int64     `json:"size"`                 // of the file in bytes
	Compressed bool      `json:"compressed"`

	Parts     []PartSummary     `json:"parts"`
	Modules   []ModuleSummary   `json:"modules"`
	Instances []InstanceSummary `json:"instances"`
	HostFuncs []string          `json:"host_funcs,omitempty"` // "module.name" of every host function that is referred to
	Tables    []TableSummary    `json:"tables,omitempty"`
	Memories  []MemorySummary   `json:"memories,omitempty"`
	Globals   int               `json:"globals"`
	Values    []GlobalSummary   `json:"global_values,omitempty"` // of the first globals, at most 1000
	Types     int               `json:"types,omitempty"`         // defined types that the store's objects are of
	Tags      []uint32          `json:"tags,omitempty"`          // type of each tag
	Heap      *HeapSummary      `json:"heap,omitempty"`          // when there are objects
	Threads   []ThreadSummary   `json:"threads"`
	Resources []ResourceSummary `json:"resources,omitempty"`
}

// PartSummary is the sections of one name.
type PartSummary struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Size  int64  `json:"size"` // bytes in the file
}

// ModuleSummary is a module that the program is made of.
type ModuleSummary struct {
	Name     string `json:"name"`
	SHA256   string `json:"sha256"`
	Embedded bool   `json:"embedded"`
	Size     int    `json:"size,omitempty"` // when embedded
}

// InstanceSummary is a module instance; tables and so on are store addresses.
type InstanceSummary struct {
	Name     string   `json:"name"`
	Module   int      `json:"module"`
	Funcs    int      `json:"funcs"` // functions it defines
	Tables   []uint32 `json:"tables,omitempty"`
	Memories []uint32 `json:"memories,omitempty"`
	Globals  int      `json:"globals"`
	Tags     []uint32 `json:"tags,omitempty"`
}

// TableSummary is a table.
type TableSummary struct {
	Elem string `json:"elem"`
	Size int    `json:"size"`
	Used int    `json:"used"` // elements that are not null
}

// MemorySummary is a linear memory; sizes are bytes.
type MemorySummary struct {
	Size   uint64 `json:"size"`
	Max    uint64 `json:"max,omitempty"` // when its type has one
	Is64   bool   `json:"is64,omitempty"`
	Shared bool   `json:"shared,omitempty"` // between threads
	Page   uint64 `json:"page,omitempty"`   // size of a page when that is not 64 KiB
	Used   uint64 `json:"used"`             // in pages of 4 KiB that are not all zero
	Stored uint64 `json:"stored"`           // in the file
}

// GlobalSummary is a global with its value for people: "i31 -5", "struct 12 of type 3".
type GlobalSummary struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// HeapSummary counts the objects of the heap.
type HeapSummary struct {
	Structs    uint64 `json:"structs"`
	Arrays     uint64 `json:"arrays"`
	Exceptions uint64 `json:"exceptions"`
	Bytes      uint64 `json:"bytes"` // in the file, decompressed
}

// ThreadSummary is a thread with its backtrace, innermost frame first.
type ThreadSummary struct {
	Waiting bool           `json:"waiting"` // in a host function
	Pending int            `json:"pending,omitempty"`
	Frames  []FrameSummary `json:"frames,omitempty"`
}

// FrameSummary is a frame of a backtrace.
type FrameSummary struct {
	Instance int    `json:"instance"`
	Func     uint32 `json:"func"`
	Name     string `json:"name,omitempty"` // when the module is at hand
	Offset   uint32 `json:"offset"`         // in the module
	Line     string `json:"line,omitempty"` // file:line:column, when the module says so
	Locals   int    `json:"locals"`
	Operands int    `json:"operands"`
}

// ResourceSummary is the state of something on the host's side. Details and Lines are what its describer made of it.
type ResourceSummary struct {
	Name    string   `json:"name"`
	Version uint32   `json:"version"`
	Size    int      `json:"size"`
	Details any      `json:"details,omitempty"`
	Lines   []string `json:"lines,omitempty"`
	Error   string   `json:"error,omitempty"` // why the describer could not read it
}

// Describer reads a resource's state, which only its owner can, and describes it as data and as lines of text.
type Describer func(version uint32, data []byte) (details any, lines []string, err error)

// Summarize describes a snapshot; describers has by the resources' names who can describe them. Functions have names,
// and offsets lines, where the modules are at hand.
func Summarize(f *File, describers map[string]Describer) Summary {
	p := &f.Program
	s := Summary{
		Version: f.version, Godwit: p.Godwit, Created: p.Created, Safepoints: p.Safepoints, Size: f.size,
		Compressed: f.compressed, Parts: f.parts(), Globals: len(p.Globals), Types: len(p.Types),
	}
	modules := make([]*wasm.Module, len(p.Modules))
	for i := range p.Modules {
		m := &p.Modules[i]
		s.Modules = append(s.Modules, ModuleSummary{m.Name, hex.EncodeToString(m.Hash[:]), m.Bytes != nil, len(m.Bytes)})
		if m.Bytes != nil {
			modules[i], _ = wasm.Decode(m.Bytes, wasm.DefaultFeatures) // without it there are no names, that is all
		}
	}
	for i := range p.Instances {
		in := &p.Instances[i]
		s.Instances = append(s.Instances, InstanceSummary{
			Name: in.Name, Module: in.Module, Tables: in.Tables, Memories: in.Memories, Globals: len(in.Globals),
			Tags: in.Tags,
		})
	}
	for i := range p.Funcs {
		if r := &p.Funcs[i]; r.Instance >= 0 {
			s.Instances[r.Instance].Funcs += int(r.Count)
		} else {
			s.HostFuncs = append(s.HostFuncs, r.HostModule+"."+r.HostName)
		}
	}
	for i := range p.Tables {
		s.Tables = append(s.Tables, p.Tables[i].summary())
	}
	for i := range p.Memories {
		s.Memories = append(s.Memories, p.Memories[i].summary())
	}
	s.summarizeStore(p)
	for i := range p.Threads {
		s.Threads = append(s.Threads, p.threadSummary(&p.Threads[i], modules))
	}
	for i := range p.Resources {
		r := &p.Resources[i]
		s.Resources = append(s.Resources, r.summary(describers[r.Name]))
	}
	return s
}

// summarizedGlobals is how many globals a summary shows with their values.
const summarizedGlobals = 1000

// summarizeStore describes globals, tags and the heap.
func (s *Summary) summarizeStore(p *Program) {
	heads, _ := p.heads() // it was checked when it was read
	texts := valueTexts{p, heads}
	for i := range p.Globals[:min(len(p.Globals), summarizedGlobals)] {
		g := &p.Globals[i]
		s.Values = append(s.Values, GlobalSummary{g.Type.String(), texts.text(g.Value)})
	}
	for _, t := range p.Tags {
		s.Tags = append(s.Tags, t.Type)
	}
	if len(heads) == 0 {
		return
	}
	s.Heap = &HeapSummary{Bytes: uint64(len(p.Heap.Data))}
	for _, h := range heads {
		switch {
		case h&1 != 0:
			s.Heap.Exceptions++
		case p.Types[h>>1].Kind == wasm.CompArray:
			s.Heap.Arrays++
		default:
			s.Heap.Structs++
		}
	}
}

// parts adds up the sections by name, in the order of the file.
func (f *File) parts() (all []PartSummary) {
	at := make(map[string]int)
	for _, sec := range f.sections {
		name := sec.label()
		i, ok := at[name]
		if !ok {
			i = len(all)
			at[name] = i
			all = append(all, PartSummary{Name: name})
		}
		all[i].Count++
		all[i].Size += sec.end - sec.start
	}
	return all
}

func (t *Table) summary() TableSummary {
	s := TableSummary{Elem: t.Type.Elem.String(), Size: len(t.Elems)}
	for _, r := range t.Elems {
		if r != 0 {
			s.Used++
		}
	}
	return s
}

func (m *Memory) summary() MemorySummary {
	s := MemorySummary{Size: m.Size(), Is64: m.Type.Is64, Shared: m.Type.Shared}
	if m.Type.OneByte {
		s.Page = 1
	}
	if page := m.Type.PageBytes(); m.Type.HasMax {
		s.Max = min(m.Type.Max, math.MaxUint64/page) * page
	}
	if src, ok := m.Source.(*fileSource); ok {
		s.Used = src.used
		for i := range src.blocks {
			s.Stored += uint64(src.blocks[i].stored)
		}
	}
	return s
}

func (p *Program) threadSummary(t *Thread, modules []*wasm.Module) ThreadSummary {
	s := ThreadSummary{Waiting: t.HasPending, Pending: len(t.Pending)}
	for i := len(t.Frames) - 1; i >= 0; i-- {
		f := &t.Frames[i]
		fs := FrameSummary{Instance: f.Instance, Func: f.Func, Offset: f.Offset, Locals: len(f.Locals), Operands: len(f.Stack)}
		if m := modules[p.Instances[f.Instance].Module]; m != nil {
			fs.Name = m.FuncName(f.Func)
			if line, ok := m.LineAt(f.Offset); ok {
				fs.Line = line.String()
			}
		}
		s.Frames = append(s.Frames, fs)
	}
	return s
}

func (r *Resource) summary(describe Describer) ResourceSummary {
	s := ResourceSummary{Name: r.Name, Version: r.Version, Size: len(r.Data)}
	if describe == nil {
		return s
	}
	details, lines, err := describe(r.Version, r.Data)
	if err != nil {
		s.Error = err.Error()
		return s
	}
	s.Details, s.Lines = details, lines
	return s
}
