package main

import (
	"fmt"
	"os"

	"github.com/godwit-vm/godwit/vm"
)

// startProfile begins what --profile asks for. finish writes it; failing to is not a failure of the program.
func (r *run) startProfile(p *vm.Program) (finish func(), err error) {
	if r.profile == "" {
		return func() {}, nil
	}
	f, err := os.Create(r.profile)
	if err != nil {
		return nil, fmt.Errorf("--profile: %w", err)
	}
	profile := p.StartProfile(0)
	return func() {
		err := profile.Write(f)
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			r.log.Error("--profile", "err", err)
		}
		r.log.Debug("profile", "samples", profile.Samples())
	}, nil
}
