//go:build !unix

package main

// signals does nothing: the host has none that could ask for a snapshot. The control socket and --snapshot-every do.
func (s *snapshots) signals(onTerm bool) {}
