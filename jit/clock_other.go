//go:build !linux

package jit

import "time"

// threadTime is the time on the wall: what a thread has used cannot be asked for here.
func threadTime() time.Duration { return time.Since(started) }
