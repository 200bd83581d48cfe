package bench

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// A Report is everything that a call of the harness measured. As JSON it is what another program reads.
type Report struct {
	Date     time.Time    `json:"date"`
	Machine  Machine      `json:"machine"`
	Pinned   int          `json:"pinned_cpu"` // below 0: not pinned
	Rounds   int          `json:"rounds"`
	Base     string       `json:"base"`
	RSSFloor int64        `json:"rss_floor_bytes"` // no peak below this can be told; 0 is none
	Runners  []RunnerInfo `json:"runners"`
	Sections []Section    `json:"sections"`
	Micro    []MicroRow   `json:"micro,omitempty"`
}

// A RunnerInfo says what a runner was.
type RunnerInfo struct {
	Name    string `json:"name"`
	Command string `json:"command"`
	Version string `json:"version"`
}

// A Section holds the cells of one set.
type Section struct {
	Set   Set     `json:"set"`
	Cells []*Cell `json:"cells"`
}

// Add puts the cells of a set into the report.
func (r *Report) Add(set Set, cells []*Cell) {
	r.Sections = append(r.Sections, Section{Set: set, Cells: cells})
	r.RSSFloor = rssFloor()
}

// A Metric is what is told of a run.
type Metric string

const (
	User Metric = "user" // user CPU time, all threads together
	CPU  Metric = "cpu"  // user and system CPU time
	Wall Metric = "wall" // from start to end
	RSS  Metric = "rss"  // peak resident memory
)

// Metrics lists every metric.
var Metrics = []Metric{User, CPU, Wall, RSS}

// ParseMetric finds a metric by its name.
func ParseMetric(name string) (Metric, error) {
	for _, m := range Metrics {
		if name == string(m) {
			return m, nil
		}
	}
	return "", fmt.Errorf("no metric is called %q: choose of %v", name, Metrics)
}

// Title says what the metric is, with its unit.
func (m Metric) Title() string {
	switch m {
	case User:
		return "user CPU time, ms"
	case CPU:
		return "user and system CPU time, ms"
	case Wall:
		return "wall-clock time, ms"
	default:
		return "peak resident memory, MiB"
	}
}

// Value gives the metric of a sample, in the unit of the title.
func (m Metric) Value(s Sample) float64 {
	switch m {
	case User:
		return milliseconds(s.User)
	case CPU:
		return milliseconds(s.User + s.System)
	case Wall:
		return milliseconds(s.Wall)
	default:
		return float64(s.MaxRSS) / (1 << 20)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// spread sums up a cell. ok is false where it has no valid run.
func (c *Cell) spread(m Metric) (s Spread, ok bool) {
	if c.Failure != nil || len(c.Samples) == 0 {
		return Spread{}, false
	}
	values := make([]float64, len(c.Samples))
	for i, sample := range c.Samples {
		values[i] = m.Value(sample)
	}
	return NewSpread(values), true
}

// programs lists the programs of a section, each once, in the order in which they ran.
func (s Section) programs() []string {
	var names []string
	seen := map[string]bool{}
	for _, c := range s.Cells {
		if !seen[c.Program] {
			seen[c.Program] = true
			names = append(names, c.Program)
		}
	}
	return names
}

func (s Section) cell(program, runner string) *Cell {
	for _, c := range s.Cells {
		if c.Program == program && c.Runner == runner {
			return c
		}
	}
	return &Cell{Program: program, Runner: runner}
}

// grid makes a table of programs down and runners across.
func (r *Report) grid(s Section, text func(c *Cell) string) Table {
	t := Table{Header: []string{"program"}}
	for _, runner := range r.Runners {
		t.Header = append(t.Header, runner.Name)
	}
	for _, program := range s.programs() {
		row := []string{program}
		for _, runner := range r.Runners {
			row = append(row, text(s.cell(program, runner.Name)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// Minimums is the table of the least that each cell cost.
func (r *Report) Minimums(s Section, m Metric) Table {
	return r.grid(s, func(c *Cell) string {
		return cellText(c, m, func(spread Spread) string { return r.figure(spread.Min, m) })
	})
}

// Spreads is the table of minimum, median and maximum.
func (r *Report) Spreads(s Section, m Metric) Table {
	return r.grid(s, func(c *Cell) string {
		return cellText(c, m, func(spread Spread) string {
			return fmt.Sprintf("%s %s %s", r.figure(spread.Min, m), r.figure(spread.Median, m), r.figure(spread.Max, m))
		})
	})
}

func cellText(c *Cell, m Metric, valid func(Spread) string) string {
	spread, ok := c.spread(m)
	switch {
	case ok:
		return valid(spread)
	case c.Failure != nil:
		return string(c.Failure.Kind)
	default:
		return "-"
	}
}

// figure prints a value; a peak of memory that the harness's own memory hides is marked.
func (r *Report) figure(v float64, m Metric) string {
	if floor := float64(r.RSSFloor) / (1 << 20); m == RSS && v <= floor {
		return "≤" + FormatFigure(v)
	}
	return FormatFigure(v)
}

// ratio divides a runner's minimum by the base's. ok is false where one has none, or none that can be told from zero.
func (r *Report) ratio(s Section, m Metric, program, runner string) (ratio float64, ok bool) {
	own, ok := s.cell(program, runner).spread(m)
	if !ok {
		return 0, false
	}
	base, ok := s.cell(program, r.Base).spread(m)
	if !ok || own.Min <= 0 || base.Min <= 0 {
		return 0, false
	}
	return own.Min / base.Min, true
}

// Ratios is the table of minimums over the base's, with the geometric means below.
func (r *Report) Ratios(s Section, m Metric) Table {
	t := r.grid(s, func(c *Cell) string {
		if ratio, ok := r.ratio(s, m, c.Program, c.Runner); ok {
			return FormatRatio(ratio)
		}
		return cellText(c, m, func(Spread) string { return "-" })
	})
	row := []string{"geometric mean"}
	for _, runner := range r.Runners {
		mean, over := r.mean(s, m, runner.Name)
		row = append(row, formatMean(mean, over, len(s.programs())))
	}
	t.Rows = append(t.Rows, row)
	return t
}

// mean gives the geometric mean of a runner's ratios, and over how many programs it is.
func (r *Report) mean(s Section, m Metric, runner string) (mean float64, over int) {
	var ratios []float64
	for _, program := range s.programs() {
		if ratio, ok := r.ratio(s, m, program, runner); ok {
			ratios = append(ratios, ratio)
		}
	}
	return GeometricMean(ratios), len(ratios)
}

// formatMean marks a mean that some programs are missing from: means over different programs do not compare.
func formatMean(mean float64, over, of int) string {
	switch {
	case over == 0:
		return "-"
	case over < of:
		return fmt.Sprintf("%s (%d/%d)", FormatRatio(mean), over, of)
	default:
		return FormatRatio(mean)
	}
}

// Means is the table of geometric means of every section.
func (r *Report) Means(m Metric) Table {
	t := Table{Header: []string{"runner"}}
	for _, s := range r.Sections {
		t.Header = append(t.Header, string(s.Set)+" / "+r.Base)
	}
	for _, runner := range r.Runners {
		row := []string{runner.Name}
		for _, s := range r.Sections {
			mean, over := r.mean(s, m, runner.Name)
			row = append(row, formatMean(mean, over, len(s.programs())))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// Failures lists every cell that failed, and why.
func (r *Report) Failures() []string {
	var lines []string
	for _, s := range r.Sections {
		for _, c := range s.Cells {
			if c.Failure != nil {
				lines = append(lines, fmt.Sprintf("%s, %s run by %s: %v", c.Program, s.Set, c.Runner, c.Failure))
			}
		}
	}
	return lines
}

// FormatFigure prints a time or a size with the digits that measuring it can stand behind.
func FormatFigure(v float64) string {
	if v < 9.95 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// FormatRatio prints a ratio with three digits, or all that stand before the point.
func FormatRatio(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	switch {
	case v < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
}
