package vm

import (
	"runtime/debug"
	"sync"
)

const modulePath = "github.com/godwit-vm/godwit"

// Version is the version of godwit that the running binary was built with, "(devel)" when that is not a release. It is
// written into snapshots.
var Version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	if info.Main.Path == modulePath && info.Main.Version != "" {
		return info.Main.Version
	}
	for _, d := range info.Deps {
		if d.Path == modulePath {
			return d.Version
		}
	}
	return "(devel)"
})
