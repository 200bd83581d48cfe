package main

import (
	"fmt"
	"runtime"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/vm"
)

var versionCommand = command{
	name:    "version",
	summary: "print the version of godwit",
	prepare: func() ([]flag, func([]string) error) {
		return nil, func([]string) error {
			fmt.Printf("godwit %s %s/%s %s, snapshot format %d\n", vm.Version(), runtime.GOOS, runtime.GOARCH, runtime.Version(), state.Version)
			return nil
		}
	},
}
