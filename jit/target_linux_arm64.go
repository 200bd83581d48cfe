package jit

import "github.com/godwit-vm/godwit/arm64"

func hostTarget() (BackEnd, error) { return arm64.New(arm64.Detect()), nil }
