package spectest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godwit-vm/godwit/vm"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// command does what a command says. The error is that it failed, the note what could have gone better.
func (s *script) command(ctx context.Context, c *wat.Command) (note string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.Deadline, fmt.Errorf("it has not ended within %v", s.cfg.Deadline))
	defer cancel()
	switch c.Kind {
	case wat.CmdModule:
		return "", s.module(ctx, c)
	case wat.CmdDefinition:
		return "", s.define(c)
	case wat.CmdInstance:
		return "", s.instance(ctx, c)
	case wat.CmdRegister:
		return "", s.registerAs(c)
	case wat.CmdAction:
		_, err := s.act(ctx, c.Action)
		return "", err
	case wat.CmdAssertReturn:
		return "", s.assertReturn(ctx, c)
	case wat.CmdAssertTrap, wat.CmdAssertExhaustion:
		if c.Module != nil {
			_, err = s.attempt(ctx, c.Module)
		} else {
			_, err = s.act(ctx, c.Action)
		}
		return "", trapped(c.Message, err)
	case wat.CmdAssertException:
		_, err := s.act(ctx, c.Action)
		return "", threw(err)
	case wat.CmdAssertUnlinkable:
		return s.assertUnlinkable(ctx, c)
	}
	return s.assertRefused(c)
}

// module instantiates a module, which becomes the current one.
func (s *script) module(ctx context.Context, c *wat.Command) error {
	s.current = ""
	if c.Name != "" {
		delete(s.instances, c.Name)
	}
	if !s.reachable() {
		s.world.close()
	}
	own, err := s.attempt(ctx, c.Module)
	if err != nil {
		return err
	}
	s.become(own, c.Name)
	return nil
}

// become makes an instance the current one.
func (s *script) become(own, id string) {
	s.current = own
	if id != "" {
		s.instances[id] = own
	}
}

// attempt instantiates a module and gives the instance's own name.
func (s *script) attempt(ctx context.Context, m *wat.ScriptModule) (own string, err error) {
	binary, err := m.Binary()
	if err != nil {
		return "", err
	}
	return s.instantiate(ctx, binary, m.Name)
}

// instantiate makes an instance of a binary; id is for people.
func (s *script) instantiate(ctx context.Context, binary []byte, id string) (own string, err error) {
	s.made++
	own = fmt.Sprintf("%s#%d", id, s.made)
	return own, s.world.instantiate(ctx, s, binary, own)
}

// define keeps a module, which must be valid.
func (s *script) define(c *wat.Command) error {
	binary, err := c.Module.Binary()
	if err != nil {
		return err
	}
	if _, err := s.runtime().Compile(binary); err != nil {
		return err
	}
	s.definition = binary
	if c.Name != "" {
		s.definitions[c.Name] = binary
	}
	return nil
}

func (s *script) instance(ctx context.Context, c *wat.Command) error {
	binary := s.definition
	if c.Definition != "" {
		binary = s.definitions[c.Definition]
	}
	if binary == nil {
		return fmt.Errorf("there is no definition $%s", c.Definition)
	}
	own, err := s.instantiate(ctx, binary, c.Name)
	if err != nil {
		return err
	}
	s.become(own, c.Name)
	return nil
}

func (s *script) registerAs(c *wat.Command) error {
	i, err := s.find(c.Name)
	if err != nil {
		return err
	}
	s.registered[c.As] = i.Name()
	return s.register(c.As, i.Name())
}

// act makes an action and gives its results.
func (s *script) act(ctx context.Context, a *wat.Action) ([]value, error) {
	if err := s.world.between(ctx, s); err != nil {
		return nil, err
	}
	i, err := s.find(a.Module)
	if err != nil {
		return nil, err
	}
	if !a.Invoke {
		g := i.Global(a.Export)
		if g == nil {
			return nil, fmt.Errorf("global %q: %w", a.Export, vm.ErrNoExport)
		}
		return []value{{g.Type().Type, g.Get(), g.High()}}, nil
	}
	f := i.Func(a.Export)
	if f == nil {
		return nil, fmt.Errorf("function %q: %w", a.Export, vm.ErrNoExport)
	}
	t := f.Type()
	stack, err := s.world.call(ctx, s, f, slots(a.Args))
	if err != nil {
		return nil, err
	}
	return values(t.Results, stack)
}

func (s *script) assertReturn(ctx context.Context, c *wat.Command) error {
	got, err := s.act(ctx, c.Action)
	if err != nil {
		return err
	}
	return matchAll(&s.world, c.Results, got)
}

// trapped wants err to be a trap whose text is the expected one, as far as one of both begins with the other.
func trapped(want string, err error) error {
	var trap *vm.Trap
	var code vm.TrapCode
	switch {
	case err == nil:
		return fmt.Errorf("there was no trap; want %q", want)
	case errors.As(err, &trap):
		code = trap.Code
	case !errors.As(err, &code):
		return fmt.Errorf("want the trap %q, got %w", want, err)
	}
	if text := code.Error(); !strings.HasPrefix(text, want) && !strings.HasPrefix(want, text) {
		return fmt.Errorf("the trap is %q, want %q", text, want)
	}
	return nil
}

// threw wants err to be an exception.
func threw(err error) error {
	switch {
	case err == nil:
		return errors.New("there was no exception")
	case !isException(err):
		return fmt.Errorf("want an exception, got %w", err)
	}
	return nil
}

// isException tells whether an exception has ended a call.
func isException(err error) bool {
	var exception *vm.Exception
	return errors.As(err, &exception)
}

func (s *script) assertUnlinkable(ctx context.Context, c *wat.Command) (note string, err error) {
	_, err = s.attempt(ctx, c.Module)
	switch {
	case err == nil:
		return "", errors.New("the module was linked")
	case !errors.Is(err, vm.ErrLink):
		return "", fmt.Errorf("want an error of linking, got %w", err)
	}
	return said(err, c.Message), nil
}

// assertRefused is for the assertions about modules that never run. What kind of error each wants is in refusals.
func (s *script) assertRefused(c *wat.Command) (note string, err error) {
	binary, err := c.Module.Binary()
	text := err != nil
	if !text {
		_, err = s.runtime().Compile(binary)
	}
	if err == nil {
		return "", fmt.Errorf("the module was accepted; want %q", c.Message)
	}
	if errors.Is(err, errPanic) {
		return "", err
	}
	want := refusals[c.Kind]
	ok := text && want.text
	for _, kind := range want.kinds {
		ok = ok || !text && errors.Is(err, kind)
	}
	if s.group.Without != 0 && !text {
		// What is beyond the version of the specification that the script was written for is an error of some kind.
		ok = ok || errors.Is(err, vm.ErrFeature) || errors.Is(err, vm.ErrInvalid)
	}
	if !ok {
		return "", fmt.Errorf("want %s (%q), got %w", want.name, c.Message, err)
	}
	return said(err, c.Message), nil
}

// refusals are what the assertions about modules that never run take for a refusal of the right kind: an error in the
// text, or one of these kinds.
var refusals = map[wat.CommandKind]struct {
	name  string
	text  bool
	kinds []error
}{
	wat.CmdAssertInvalid:         {"an error of validation", false, []error{vm.ErrInvalid}},
	wat.CmdAssertMalformed:       {"an error of form", true, []error{vm.ErrMalformed}},
	wat.CmdAssertInvalidCustom:   {"an error in a custom section", true, []error{vm.ErrInvalid, vm.ErrMalformed}},
	wat.CmdAssertMalformedCustom: {"an error in a custom section", true, []error{vm.ErrInvalid, vm.ErrMalformed}},
}

// said is "" when an error's message contains what was expected, else a note.
func said(err error, want string) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if strings.Contains(text, want) {
		return ""
	}
	return fmt.Sprintf("the message is %q, expected is %q", text, want)
}
