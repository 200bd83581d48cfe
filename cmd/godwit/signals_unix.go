//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// signals is what the host's signals ask for: SIGUSR1 a snapshot, and SIGTERM, if onTerm is set, one that ends the run.
// It is called early, since a signal that nobody expects kills; what comes before the program runs is seen to then.
func (s *snapshots) signals(onTerm bool) error {
	c := make(chan os.Signal, 4)
	signal.Notify(c, syscall.SIGUSR1)
	if onTerm {
		signal.Notify(c, syscall.SIGTERM)
	}
	go func() {
		for sig := range c {
			r := s.request()
			if sig == syscall.SIGTERM {
				r.stop, r.code = true, exitTerm
			}
			s.try(context.Background(), r, sig.String())
		}
	}()
	return nil
}
