package jit

import (
	"fmt"

	"github.com/godwit-vm/godwit/arm64"
)

func hostTarget() (BackEnd, error) { return arm64.New(arm64.Detect()), nil }

// hostFeatures tells what hostTarget compiles for.
func hostFeatures() string { return fmt.Sprintf("%+v", arm64.Detect()) }
