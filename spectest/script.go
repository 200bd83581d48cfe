package spectest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// script is a script that is being run.
type script struct {
	cfg    *Config
	file   Script
	group  *Group
	forms  map[string]int // how many commands it should have of each kind
	begun  time.Time
	uses   map[string]int // the last command that uses an identifier
	number int            // of the command in progress

	world
	current     string            // own name of the instance without an identifier; "" when there is none
	instances   map[string]string // own names by identifiers
	registered  map[string]string // own names by the names that were registered
	definitions map[string][]byte // binaries by identifiers
	definition  []byte            // the last one
	made        int               // instances so far, for their own names

	// step is when the step in progress began, in nanoseconds of Unix time.
	step atomic.Int64

	mu     sync.Mutex // guards what follows
	result *Result
	over   bool // the result was handed over; what happens now is not counted any more
}

func newScript(cfg *Config, file Script) *script {
	s := &script{cfg: cfg, file: file, group: GroupOf(file.Name), begun: time.Now(),
		instances: map[string]string{}, registered: map[string]string{}, definitions: map[string][]byte{}}
	s.result = &Result{Name: file.Name, Group: s.group.Name, Counts: map[string]*Count{}}
	s.world = newWorld(cfg, s.group)
	s.tick()
	return s
}

// tick says that a step begins.
func (s *script) tick() { s.step.Store(time.Now().UnixNano()) }

// late tells whether the step in progress takes longer than anything may.
func (s *script) late() bool {
	return time.Since(time.Unix(0, s.step.Load())) > s.cfg.Deadline+hangGrace
}

// finish hands the result over. What was counted in the text and has not run is failed.
func (s *script) finish(why string) *Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.result
	s.over = true
	if why != "" {
		r.Failures = append(r.Failures, Finding{Text: why})
	}
	missed := 0
	for kind, n := range s.forms {
		c := r.count(kind)
		c.NotRun = max(0, n-c.Passed-c.Failed)
		missed += c.NotRun
	}
	if missed > 0 && len(r.Failures) == 0 {
		r.Failures = append(r.Failures, Finding{Text: fmt.Sprintf("%d commands have not run", missed)})
	}
	r.Travels, r.InCalls, r.Limited = s.world.travels, s.world.inCalls, s.world.limited
	r.Took = time.Since(s.begun)
	return r
}

func (r *Result) count(kind string) *Count {
	c := r.Counts[kind]
	if c == nil {
		c = &Count{}
		r.Counts[kind] = c
	}
	return c
}

// run reads the script and runs its commands. The error is why it could not be run to its end.
func (s *script) run(ctx context.Context) error {
	src, err := os.ReadFile(s.file.Path)
	if err != nil {
		return err
	}
	forms := countForms(src)
	s.mu.Lock()
	s.forms = forms
	s.mu.Unlock()
	var parsed *wat.Script
	err = guarded(func() error {
		parsed, err = wat.ParseScript(s.file.Path, src)
		return err
	})
	if err != nil {
		return fmt.Errorf("the script cannot be read: %w", err)
	}
	s.uses = lastUses(parsed.Commands)
	defer s.world.close()
	for i := range parsed.Commands {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.number = i
		s.tick()
		c := &parsed.Commands[i]
		note := ""
		err := guarded(func() (err error) {
			note, err = s.command(ctx, c)
			return err
		})
		if errors.Is(err, errPanic) {
			s.world.close() // whatever it is like now
		}
		if err != nil && s.program == nil {
			clear(s.instances)
			clear(s.registered)
			s.current = ""
		}
		s.record(c, note, err)
	}
	return nil
}

// errPanic is matched by a panic that guarded has caught.
var errPanic = errors.New("panic")

// guarded makes an error of a panic, and of an access to memory that nobody has mapped.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v, at %s", errPanic, r, panicSite(string(debug.Stack())))
		}
	}()
	return f()
}

// panicSite is the first line of our own in a stack, after that of the panic.
func panicSite(stack string) string {
	_, stack, _ = strings.Cut(stack, "\npanic(")
	for _, line := range strings.Split(stack, "\n") {
		if file, ok := strings.CutPrefix(line, "\t"); ok && !strings.Contains(file, "/src/runtime/") {
			file, _, _ = strings.Cut(file, " ")
			return file
		}
	}
	return "a place unknown"
}

// record counts a command.
func (s *script) record(c *wat.Command, note string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	r := s.result
	kind := c.Kind.String()
	if err == nil && note != "" && s.cfg.Strict {
		err = errors.New(note)
	}
	find := func(text string) Finding {
		text, _, _ = strings.Cut(text, "\n")
		return Finding{c.Pos.Line, c.Pos.Column, kind, text}
	}
	if err != nil {
		r.count(kind).Failed++
		r.Failures = append(r.Failures, find(err.Error()))
		return
	}
	r.count(kind).Passed++
	if note != "" {
		r.Notes = append(r.Notes, find(note))
	}
}

// lastUses is the number of the last command that uses each identifier of a module or an instance.
func lastUses(commands []wat.Command) map[string]int {
	uses := map[string]int{}
	for i := range commands {
		c := &commands[i]
		switch {
		case c.Action != nil:
			uses[c.Action.Module] = i
		case c.Kind == wat.CmdRegister:
			uses[c.Name] = i
		}
	}
	return uses
}

// reachable tells whether the rest of the script, but for what is about to become the current instance, can reach an
// instance of the program.
func (s *script) reachable() bool {
	if len(s.registered) > 0 || s.world.shared {
		return true
	}
	for id := range s.instances {
		if s.uses[id] >= s.number {
			return true
		}
	}
	return false
}

// find finds an instance by its identifier, or the current one.
func (s *script) find(id string) (*vm.Instance, error) {
	own := s.current
	if id != "" {
		own = s.instances[id]
	}
	if own == "" || s.program == nil {
		if id == "" {
			return nil, errors.New("there is no current instance")
		}
		return nil, fmt.Errorf("there is no instance $%s", id)
	}
	i := s.program.Instance(own)
	if i == nil {
		return nil, fmt.Errorf("instance %s is not in the program any more", own)
	}
	return i, nil
}

// register makes the current program know a registered name.
func (s *script) register(name, own string) error {
	i := s.program.Instance(own)
	if i == nil {
		return fmt.Errorf("instance %s, registered as %q, is not in the program any more", own, name)
	}
	return s.program.Register(name, i)
}
