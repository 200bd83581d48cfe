//go:build !linux || (!amd64 && !arm64)

package jit

func hostTarget() (BackEnd, error) { return nil, errNoBackEnd() }

func hostFeatures() string { return "" }
