//go:build !unix

package main

import "errors"

// signals has nothing to wait for: the host has no signals. The control socket and --snapshot-every do without.
func (s *snapshots) signals(onTerm bool) error {
	if onTerm {
		return errors.New("--snapshot-on-term: this host has no signals; godwit checkpoint --stop does the same")
	}
	return nil
}
