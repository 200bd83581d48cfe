package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/godwit-vm/godwit/wasm"
)

// What a file that is to be a module may be instead.
var (
	errNoModule  = errors.New("it is neither a WebAssembly module nor a snapshot")
	errNoText    = errors.New("it is neither the binary nor the text of a WebAssembly module")
	errComponent = errors.New("it is a component; godwit runs core modules, which a component is made of")
)

// wasmMagic is what a module's binary begins with.
var wasmMagic = []byte("\x00asm")

// checkModule tells what is no module by its first bytes.
func checkModule(b []byte) error {
	switch {
	case !bytes.HasPrefix(b, wasmMagic):
		return errNoModule
	case bytes.HasPrefix(b[len(wasmMagic):], []byte("\x0d\x00\x01\x00")):
		return errComponent
	}
	return nil
}

// moduleSummary is what a person wants to know of a module.
type moduleSummary struct {
	Name     string           `json:"name,omitempty"`
	SHA256   string           `json:"sha256"`
	Size     int              `json:"size"`
	Kind     string           `json:"kind,omitempty"` // command, reactor, library
	Features []string         `json:"features"`
	Start    string           `json:"start,omitempty"` // the start function
	Counts   moduleCounts     `json:"counts"`
	Imports  []externSummary  `json:"imports"`
	Exports  []externSummary  `json:"exports"`
	Memories []memorySummary  `json:"memories"`
	Sections []sectionSummary `json:"sections"`
	Error    string           `json:"error,omitempty"` // why it cannot be run
}

// moduleCounts count what a module has, imports included.
type moduleCounts struct {
	Types   int `json:"types"`
	Funcs   int `json:"funcs"`
	Tables  int `json:"tables"`
	Globals int `json:"globals"`
	Elems   int `json:"elems"`
	Datas   int `json:"datas"`
	Code    int `json:"code_bytes"` // of all bodies, without what surrounds them
}

// externSummary is an import, or an export, which has no module.
type externSummary struct {
	Module string `json:"module,omitempty"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Type   string `json:"type"`
}

// memorySummary is a memory's type; sizes are bytes.
type memorySummary struct {
	Min    uint64 `json:"min"`
	Max    uint64 `json:"max,omitempty"`
	Is64   bool   `json:"is64,omitempty"`
	Shared bool   `json:"shared,omitempty"`
	Page   uint64 `json:"page,omitempty"` // where it is not 64 KiB
}

// sectionSummary is a section; Name is the custom section's own where Custom says that it is one.
type sectionSummary struct {
	Name   string `json:"name"`
	Custom bool   `json:"custom,omitempty"`
	Offset int    `json:"offset"`
	Size   int    `json:"size"`
}

// summarize describes a module that may use the features that are allowed. Of one that cannot be run it tells what can be told, and broken is the reason.
func summarize(b []byte, allowed wasm.Features) (s moduleSummary, broken error) {
	hash := sha256.Sum256(b)
	s = moduleSummary{
		SHA256: hex.EncodeToString(hash[:]), Size: len(b), Sections: sections(b),
		Features: []string{}, Imports: []externSummary{}, Exports: []externSummary{}, Memories: []memorySummary{},
	}
	m, features, err := decodeMinimal(b, allowed)
	if err != nil {
		s.Error = err.Error()
		return s, err
	}
	s.Name, s.Kind = m.ModuleName(), kind(m)
	if features != wasm.MVP {
		s.Features = strings.Split(features.String(), ",")
	}
	if m.Start >= 0 {
		s.Start = m.FuncName(uint32(m.Start))
	}
	s.Counts = moduleCounts{
		Types: len(m.Types), Funcs: len(m.FuncTypes), Tables: len(m.TableTypes), Globals: len(m.GlobalTypes),
		Elems: len(m.Elems), Datas: len(m.Datas),
	}
	for i := range m.Code {
		s.Counts.Code += len(m.Code[i].Body)
	}
	for _, i := range m.Imports {
		e := externSummary{Module: i.Module, Name: i.Name, Kind: i.Kind.String()}
		switch i.Kind {
		case wasm.ExternFunc:
			e.Type = m.Types[i.Type].String()
		case wasm.ExternTable:
			e.Type = i.Table.String()
		case wasm.ExternMemory:
			e.Type = i.Memory.String()
		case wasm.ExternGlobal:
			e.Type = i.Global.String()
		case wasm.ExternTag:
			e.Type = m.Types[i.Type].FuncType.String()
		}
		s.Imports = append(s.Imports, e)
	}
	for _, x := range m.Exports {
		s.Exports = append(s.Exports, externSummary{Name: x.Name, Kind: x.Kind.String(), Type: exportType(m, x)})
	}
	for _, t := range m.MemoryTypes {
		ms := memorySummary{Min: t.Min * t.PageBytes(), Is64: t.Is64, Shared: t.Shared}
		if t.HasMax {
			ms.Max = t.Max * t.PageBytes()
		}
		if t.PageBytes() != wasm.PageSize {
			ms.Page = t.PageBytes()
		}
		s.Memories = append(s.Memories, ms)
	}
	return s, nil
}

func exportType(m *wasm.Module, x wasm.Export) string {
	switch x.Kind {
	case wasm.ExternFunc:
		return m.FuncType(x.Index).String()
	case wasm.ExternTable:
		return m.TableTypes[x.Index].String()
	case wasm.ExternMemory:
		return m.MemoryTypes[x.Index].String()
	case wasm.ExternGlobal:
		return m.GlobalTypes[x.Index].String()
	case wasm.ExternTag:
		return m.TagType(x.Index).String()
	}
	return ""
}

// decodeMinimal decodes a module with no more features than it uses: it begins with none and adds each that it turns out
// to need, as long as it is allowed.
func decodeMinimal(b []byte, allowed wasm.Features) (*wasm.Module, wasm.Features, error) {
	features := wasm.MVP
	for {
		m, err := wasm.Decode(b, features)
		var we *wasm.Error
		if !errors.As(err, &we) || !errors.Is(err, wasm.ErrFeature) || features.Has(we.Feature) || !allowed.Has(we.Feature) {
			return m, features, err
		}
		features = features.With(we.Feature)
	}
}

// kind is what WASI calls a module of such exports.
func kind(m *wasm.Module) string {
	if _, ok := m.Export("_start"); ok {
		return "command"
	}
	if _, ok := m.Export("_initialize"); ok {
		return "reactor"
	}
	return "library"
}

// sectionNames are the sections' names by their ids (specification 5.5.2).
var sectionNames = [...]string{
	"custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data count", "tag",
}

// sections lists the sections, as far as they can be read.
func sections(b []byte) (list []sectionSummary) {
	const preamble = 8
	if len(b) < preamble {
		return nil
	}
	for pos := preamble; pos < len(b); {
		id := int(b[pos])
		size, n := binary.Uvarint(b[pos+1:])
		body := pos + 1 + n
		if n <= 0 || id >= len(sectionNames) || size > uint64(len(b)-body) {
			return list
		}
		end := body + int(size)
		s := sectionSummary{Name: sectionNames[id], Offset: pos, Size: end - pos}
		if id == 0 {
			s.Custom = true
			if length, n := binary.Uvarint(b[body:end]); n > 0 && length <= uint64(end-body-n) {
				s.Name = string(b[body+n : body+n+int(length)])
			}
		}
		list, pos = append(list, s), end
	}
	return list
}

// printedExports is how many imports and exports are shown; a library of a large program exports thousands.
const printedExports = 100

// print writes the summary for people. What comes from the module is quoted where it could play with a terminal.
func (s *moduleSummary) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "module %s, %s\n", humanize.IBytes(uint64(s.Size)), s.what())
	fmt.Fprintf(&b, "sha256 %s\n", s.SHA256)
	if s.Error == "" {
		c := &s.Counts
		features := "none: it is of the first version of WebAssembly"
		if len(s.Features) > 0 {
			features = strings.Join(s.Features, ", ")
		}
		fmt.Fprintf(&b, "features   %s\n", features)
		fmt.Fprintf(&b, "functions  %s of %s, %s of code\n", humanize.Comma(int64(c.Funcs)), plural(c.Types, "type"), humanize.IBytes(uint64(c.Code)))
		fmt.Fprintf(&b, "others     %s, %s, %s, %s\n", plural(c.Globals, "global"), plural(c.Tables, "table"),
			plural(c.Elems, "element segment"), plural(c.Datas, "data segment"))
		for i, m := range s.Memories {
			fmt.Fprintf(&b, "memory %-3d %s\n", i, m.text())
		}
		if s.Start != "" {
			fmt.Fprintf(&b, "start      %s\n", printable(s.Start))
		}
		printExterns(&b, "imports", s.Imports)
		printExterns(&b, "exports", s.Exports)
	}
	b.WriteString("sections\n")
	for _, sec := range s.Sections {
		name := sec.Name
		if sec.Custom {
			name = "custom " + printable(name)
		}
		fmt.Fprintf(&b, "  %-28s %10s at 0x%x\n", name, humanize.IBytes(uint64(sec.Size)), sec.Offset)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// what says in a few words what the module is.
func (s *moduleSummary) what() string {
	words := "not runnable"
	switch s.Kind {
	case "command":
		words = "a program (it has _start)"
	case "reactor":
		words = "a reactor (it has _initialize, and functions to be called)"
	case "library":
		words = "a library (functions to be called)"
	}
	if s.Name != "" {
		words += ", " + printable(s.Name)
	}
	return words
}

func (m memorySummary) text() string {
	s := humanize.IBytes(m.Min)
	if m.Max > 0 {
		s += " to " + humanize.IBytes(m.Max)
	}
	if m.Is64 {
		s += ", 64-bit addresses"
	}
	if m.Shared {
		s += ", shared"
	}
	if m.Page != 0 {
		s += fmt.Sprintf(", pages of %d B", m.Page)
	}
	return s
}

// printExterns writes a table of imports or exports.
func printExterns(b *strings.Builder, title string, list []externSummary) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "%s (%d)\n", title, len(list))
	width := 0
	shown := list[:min(len(list), printedExports)]
	names := make([]string, len(shown))
	for i, e := range shown {
		names[i] = printable(e.Name)
		if e.Module != "" {
			names[i] = printable(e.Module) + "." + names[i]
		}
		width = max(width, min(len(names[i]), 48))
	}
	for i, e := range shown {
		fmt.Fprintf(b, "  %-6s %-*s %s\n", e.Kind, width, names[i], e.Type)
	}
	if more := len(list) - len(shown); more > 0 {
		fmt.Fprintf(b, "  ... %s more ...\n", humanize.Comma(int64(more)))
	}
}

func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return humanize.Comma(int64(n)) + " " + thing
}
