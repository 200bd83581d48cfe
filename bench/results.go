package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes the whole report, every sample in it.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "\t")
	return e.Encode(r)
}

// WriteText writes the tables for a terminal.
func (r *Report) WriteText(w io.Writer, m Metric) error {
	return r.write(w, m, plain{})
}

// WriteMarkdown writes the tables as Markdown.
func (r *Report) WriteMarkdown(w io.Writer, m Metric) error {
	return r.write(w, m, markdown{})
}

// WriteResults writes a results file: the tables, headed by what they were measured on, with what, and how.
func (r *Report) WriteResults(w io.Writer, m Metric) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "<!-- Written by cmd/bench; changes made by hand are lost. -->\n# Results of %s\n\n", r.Date.Format("2 January 2006"))
	fmt.Fprintf(b, "- Machine: %s, %d CPUs, %s/%s", r.Machine.CPU, r.Machine.CPUs, r.Machine.OS, r.Machine.Arch)
	if r.Machine.Kernel != "" {
		fmt.Fprintf(b, ", kernel %s", r.Machine.Kernel)
	}
	fmt.Fprintf(b, "\n- Harness: %s, %d rounds, ", r.Machine.Go, r.Rounds)
	if r.Pinned >= 0 {
		fmt.Fprintf(b, "every process pinned to CPU %d\n", r.Pinned)
	} else {
		fmt.Fprint(b, "processes not pinned\n")
	}
	fmt.Fprintf(b, "- Cells: %s, of the whole process, start-up and compilation included; the minimum of all rounds\n", m.Title())
	fmt.Fprintf(b, "- Ratios: over %s; below 1 is better than it\n\n", r.Base)
	versions := Table{Header: []string{"runner", "command", "version"}}
	for _, runner := range r.Runners {
		versions.Rows = append(versions.Rows, []string{runner.Name, "`" + runner.Command + "`", runner.Version})
	}
	if err := versions.WriteMarkdown(b); err != nil {
		return err
	}
	fmt.Fprintln(b)
	if err := r.WriteMarkdown(b, m); err != nil {
		return err
	}
	return b.Flush()
}

// A style is a way to write headings, lists and tables.
type style interface {
	heading(text string) string
	item(text string) string
	table(t Table, w io.Writer) error
}

type plain struct{}

func (plain) heading(text string) string       { return text + "\n" + strings.Repeat("=", len(text)) + "\n" }
func (plain) item(text string) string          { return "  " + text + "\n" }
func (plain) table(t Table, w io.Writer) error { return t.WriteText(w) }

type markdown struct{}

func (markdown) heading(text string) string       { return "## " + text + "\n\n" }
func (markdown) item(text string) string          { return "- " + text + "\n" }
func (markdown) table(t Table, w io.Writer) error { return t.WriteMarkdown(w) }

// write puts out everything that was measured. Errors of the buffered writer stick, and Flush returns them.
func (r *Report) write(w io.Writer, m Metric, s style) error {
	b := bufio.NewWriter(w)
	put := func(title string, t Table) {
		fmt.Fprint(b, s.heading(title))
		// A table fails only where its writer does.
		_ = s.table(t, b)
		fmt.Fprintln(b)
	}
	if len(r.Sections) > 0 {
		put("Geometric means, "+m.Title(), r.Means(m))
	}
	for _, section := range r.Sections {
		put(fmt.Sprintf("Ratios over %s, %s runs, %s", r.Base, section.Set, m.Title()), r.Ratios(section, m))
		put(fmt.Sprintf("Minimums, %s runs, %s", section.Set, m.Title()), r.Minimums(section, m))
		if r.Rounds > 1 {
			put(fmt.Sprintf("Minimum, median and maximum, %s runs, %s", section.Set, m.Title()), r.Spreads(section, m))
		}
	}
	if failures := r.Failures(); len(failures) > 0 {
		fmt.Fprint(b, s.heading("Failures"))
		for _, f := range failures {
			fmt.Fprint(b, s.item(f))
		}
		fmt.Fprintln(b)
	}
	if len(r.Micro) > 0 {
		put("In process, ns an operation", MicroTable(r.Micro))
	}
	return b.Flush()
}
