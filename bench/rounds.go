package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// A Cell holds the runs of one program by one runner. Failure, if not nil, is why no further run was made.
type Cell struct {
	Program string   `json:"program"`
	Runner  string   `json:"runner"`
	Samples []Sample `json:"samples"`
	Output  string   `json:"output"` // of the last run
	Failure *Failure `json:"failure,omitempty"`
}

// A Plan says what is to be measured.
type Plan struct {
	Set      Set
	Programs []Program // all in the set
	Runners  []Runner
	Rounds   int
	Limits   Limits
	// OnceOver: a cell whose run took longer is not run again. 0 runs all of them every time.
	OnceOver time.Duration
	Expected Expected
	Guests   Guests
	Binaries map[string]string        // paths of built runners, by placeholder
	Report   func(round int, c *Cell) // called after each run; may be nil
}

// Measure runs the plan: in each round every program, and each program by all runners in turn. Runs that are compared
// are thus neighbours in time, and those of one cell lie far apart: a bad minute of the machine hits all runners alike, and
// not all rounds. The order of the runners moves on by one each round, so that none always follows the same other.
//
// What was measured is returned also when ctx ends before the plan does.
func (p *Plan) Measure(ctx context.Context) ([]*Cell, error) {
	cells := make([][]*Cell, len(p.Programs))
	var flat []*Cell
	for i, program := range p.Programs {
		for _, r := range p.Runners {
			c := &Cell{Program: program.Name, Runner: r.Name}
			cells[i] = append(cells[i], c)
			flat = append(flat, c)
		}
	}
	reference := map[string]string{}
	for round := range p.Rounds {
		for i, program := range p.Programs {
			if err := p.measureProgram(ctx, round, program, cells[i], reference); err != nil {
				return flat, err
			}
		}
	}
	return flat, nil
}

// measureProgram runs a program once by each runner. The first round settles what the program should print.
func (p *Plan) measureProgram(ctx context.Context, round int, program Program, cells []*Cell, reference map[string]string) error {
	ran := make([]bool, len(cells))
	for turn := range p.Runners {
		i := (turn + round) % len(p.Runners)
		if p.finished(cells[i]) {
			continue
		}
		outcome, err := p.runOnce(ctx, program, p.Runners[i])
		if err != nil {
			return err
		}
		if outcome.Failure != nil {
			cells[i].Failure = outcome.Failure
		} else {
			ran[i] = true
			cells[i].Samples = append(cells[i].Samples, outcome.Sample)
			cells[i].Output = outcome.Output
		}
		if p.Report != nil {
			p.Report(round, cells[i])
		}
	}
	if _, settled := reference[program.Name]; !settled {
		if recorded, known := p.Expected[Key(p.Set, program.Name)]; known {
			reference[program.Name] = recorded
		} else {
			reference[program.Name] = mostCommon(cells, ran)
		}
	}
	for i, c := range cells {
		if ran[i] && c.Output != reference[program.Name] {
			c.Failure = &Failure{Wrong, fmt.Sprintf("printed %s, not %s", brief(c.Output), brief(reference[program.Name]))}
		}
	}
	return nil
}

// finished says whether a cell needs no further run.
func (p *Plan) finished(c *Cell) bool {
	if c.Failure != nil {
		return true
	}
	n := len(c.Samples)
	return n > 0 && p.OnceOver > 0 && c.Samples[n-1].Wall > p.OnceOver
}

func (p *Plan) runOnce(ctx context.Context, program Program, r Runner) (Outcome, error) {
	values := map[string]string{
		"wasm":   p.Guests.Wasm(program.Guest),
		"native": p.Guests.Native(program.Guest),
	}
	for name, path := range p.Binaries {
		values[name] = path
	}
	run := program.Runs[p.Set]
	command, err := r.Command(values, run.Args)
	if err != nil {
		return Outcome{}, err
	}
	stdin := run.Stdin
	if stdin != "" {
		stdin = filepath.Join(string(p.Guests), stdin)
	}
	outcome := Run(ctx, command, stdin, p.Limits)
	return outcome, ctx.Err()
}

// mostCommon gives the output that most of the cells that ran agree on; of several, the one that was met first.
func mostCommon(cells []*Cell, ran []bool) string {
	count := map[string]int{}
	best := ""
	for i, c := range cells {
		if ran[i] {
			count[c.Output]++
		}
	}
	for i, c := range cells {
		if ran[i] && count[c.Output] > count[best] {
			best = c.Output
		}
	}
	return best
}

// brief quotes the beginning of an output.
func brief(output string) string {
	const most = 60
	output = strings.TrimSpace(output)
	if len(output) > most {
		output = output[:most] + "…"
	}
	return fmt.Sprintf("%q", output)
}
