package jit

import "github.com/godwit-vm/godwit/amd64"

func hostTarget() (BackEnd, error) { return amd64.New(amd64.Detect()), nil }
