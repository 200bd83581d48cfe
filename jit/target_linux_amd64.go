package jit

import (
	"fmt"

	"github.com/godwit-vm/godwit/amd64"
)

func hostTarget() (BackEnd, error) { return amd64.New(amd64.Detect()), nil }

// hostFeatures tells what hostTarget compiles for.
func hostFeatures() string { return fmt.Sprintf("%+v", amd64.Detect()) }
