package state

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// printedFrames is how many frames of a thread Print shows from each end; a runaway recursion has a million.
const printedFrames = 20

// printedGlobals is how many globals, and tags, Print shows. Most programs have a few; those with thousands have them
// from a linker.
const printedGlobals = 20

// Print writes the summary for people. What comes from the snapshot is quoted where it has anything but printable
// characters, so that it cannot play with a terminal.
func (s Summary) Print(w io.Writer) {
	p := printer{w}
	p.head(&s)
	p.line(0, "modules")
	for i, m := range s.Modules {
		where := "not embedded"
		if m.Embedded {
			where = humanize.IBytes(uint64(m.Size)) + " embedded"
		}
		p.line(1, "%d: %s, %s, sha256 %s", i, named(m.Name), where, m.SHA256)
	}
	p.line(0, "instances")
	for i, in := range s.Instances {
		p.line(1, "%d: %s of module %d: %s, %s%s%s", i, named(in.Name), in.Module, count(int(in.Funcs), "function"),
			count(in.Globals, "global"), addresses("tables", in.Tables), addresses("memories", in.Memories)+addresses("tags", in.Tags))
	}
	if len(s.HostFuncs) > 0 {
		p.line(0, "host functions")
		for _, name := range s.HostFuncs {
			p.line(1, "%s", printable(name))
		}
	}
	for i, t := range s.Tables {
		p.line(0, "table %d: %s of type %s, %s used", i, count(t.Size, "element"), t.Elem, humanize.Comma(int64(t.Used)))
	}
	for i, m := range s.Memories {
		p.line(0, "memory %d: %s", i, m.text())
	}
	for i, g := range s.Values[:min(len(s.Values), printedGlobals)] {
		p.line(0, "global %d: %s, %s", i, g.Type, g.Value)
	}
	if left := s.Globals - printedGlobals; left > 0 && len(s.Values) > 0 {
		p.line(0, "... %s more", count(left, "global"))
	}
	for i, t := range s.Tags[:min(len(s.Tags), printedGlobals)] {
		p.line(0, "tag %d: of type %d", i, t)
	}
	if left := len(s.Tags) - printedGlobals; left > 0 {
		p.line(0, "... %s more", count(left, "tag"))
	}
	if s.Types > 0 {
		p.line(0, "%s", count(s.Types, "defined type"))
	}
	if h := s.Heap; h != nil {
		p.line(0, "heap: %s, %s, %s, %s", count(int(h.Structs), "structure"), count(int(h.Arrays), "array"),
			count(int(h.Exceptions), "exception"), humanize.IBytes(h.Bytes))
	}
	for i, t := range s.Threads {
		p.thread(i, &t)
	}
	for _, r := range s.Resources {
		p.line(0, "resource %s: version %d, %s", printable(r.Name), r.Version, humanize.IBytes(uint64(r.Size)))
		for _, l := range r.Lines {
			p.line(1, "%s", printable(l))
		}
		if r.Error != "" {
			p.line(1, "unreadable: %s", printable(r.Error))
		}
	}
	if len(s.Parts) > 0 {
		p.line(0, "sections")
	}
	for _, part := range s.Parts {
		count := ""
		if part.Count > 1 {
			count = fmt.Sprintf(" in %d", part.Count)
		}
		p.line(1, "%-18s %10s%s", printable(part.Name), humanize.IBytes(uint64(part.Size)), count)
	}
}

// printer writes indented lines.
type printer struct{ w io.Writer }

func (p printer) line(indent int, format string, args ...any) {
	fmt.Fprintf(p.w, strings.Repeat("  ", indent)+format+"\n", args...)
}

func (p printer) head(s *Summary) {
	packed := ""
	if s.Compressed {
		packed = ", compressed"
	}
	p.line(0, "snapshot, format %d, %s%s", s.Version, humanize.IBytes(uint64(s.Size)), packed)
	by := ""
	if s.Godwit != "" {
		by = " by godwit " + printable(s.Godwit)
	}
	when := "at a time unknown"
	if !s.Created.IsZero() {
		when = s.Created.Format(time.RFC3339)
	}
	p.line(0, "taken %s%s", when, by)
	if s.Safepoints > 0 {
		p.line(0, "after %s safepoints", humanize.Comma(int64(min(s.Safepoints, 1<<63-1))))
	}
}

func (m MemorySummary) text() string {
	var b strings.Builder
	b.WriteString(humanize.IBytes(m.Size))
	if m.Max > 0 {
		b.WriteString(" of at most " + humanize.IBytes(m.Max))
	}
	fmt.Fprintf(&b, ", %s used", humanize.IBytes(m.Used))
	if m.Stored > 0 && m.Stored < m.Used {
		fmt.Fprintf(&b, ", %s in the file", humanize.IBytes(m.Stored))
	}
	if m.Is64 {
		b.WriteString(", 64-bit addresses")
	}
	if m.Shared {
		b.WriteString(", shared")
	}
	if m.Page > 0 {
		b.WriteString(", pages of " + count(int(m.Page), "byte"))
	}
	return b.String()
}

func (p printer) thread(i int, t *ThreadSummary) {
	switch {
	case len(t.Frames) == 0:
		p.line(0, "thread %d: idle", i)
		return
	case t.Waiting:
		p.line(0, "thread %d: waits in a host function, %s", i, count(len(t.Frames), "frame"))
	default:
		p.line(0, "thread %d: %s", i, count(len(t.Frames), "frame"))
	}
	for j, f := range t.Frames {
		switch left := len(t.Frames) - 2*printedFrames; {
		case left <= 0 || j < printedFrames || j >= printedFrames+left:
			p.line(1, "%s", f.text(j))
		case j == printedFrames:
			p.line(1, "... %s more ...", humanize.Comma(int64(left)))
		}
	}
}

func (f FrameSummary) text(depth int) string {
	name := f.Name
	if name == "" {
		name = fmt.Sprintf("func[%d]", f.Func)
	}
	s := fmt.Sprintf("#%d %s at 0x%x of instance %d", depth, printable(name), f.Offset, f.Instance)
	if f.Line != "" {
		s += " (" + printable(f.Line) + ")"
	}
	return s
}

// count is a number of things.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return humanize.Comma(int64(n)) + " " + thing
}

// named is a name, or what stands for none.
func named(name string) string {
	if name == "" {
		return "(no name)"
	}
	return printable(name)
}

// printable is s, quoted when it has anything but printable characters.
func printable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return s
	}
	if q := strconv.Quote(s); q != `"`+s+`"` {
		return q
	}
	return s
}

func addresses(what string, list []uint32) string {
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf(", %s %v", what, list)
}
