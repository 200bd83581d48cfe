//go:build !linux

package interp

import "time"

var testsBegan = time.Now()

func processTime() time.Duration { return time.Since(testsBegan) }
