package oracle

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// host is an architecture that programs travel to: a godwit built for it, and what runs that here.
type host struct {
	arch     string
	emulator string // of qemu's user mode, for machines that cannot run it themselves

	once sync.Once
	argv []string
	err  error
}

// hosts are all of them; the first is this machine's own.
var hosts = func() []*host {
	all := []*host{
		{arch: "amd64", emulator: "qemu-x86_64-static"},
		{arch: "arm64", emulator: "qemu-aarch64-static"},
		{arch: "s390x", emulator: "qemu-s390x-static"},
		{arch: "386", emulator: "qemu-i386-static"},
	}
	own := &host{arch: runtime.GOARCH}
	ordered := []*host{own}
	for _, h := range all {
		if h.arch != own.arch {
			ordered = append(ordered, h)
		}
	}
	return ordered
}()

func native() *host { return hosts[0] }

// compiles tells whether godwit has a compiler there.
func (h *host) compiles() bool {
	return runtime.GOOS == "linux" && (h.arch == "amd64" || h.arch == "arm64")
}

// command is what a godwit of that architecture is run with here. The test is skipped when it cannot be, or fails where
// everything has to be there.
func (h *host) command(t *testing.T) []string {
	t.Helper()
	h.once.Do(func() { h.argv, h.err = h.build() })
	if h.err == nil {
		return slices.Clone(h.argv)
	}
	if h == native() || os.Getenv("CI") == "true" {
		t.Fatalf("no godwit for %s: %v", h.arch, h.err)
	}
	t.Skipf("NOT TESTED on %s: %v", h.arch, h.err)
	return nil
}

// build builds godwit, and finds out whether it runs.
func (h *host) build() ([]string, error) {
	exe := filepath.Join(workshop, "godwit-"+h.arch)
	if runtime.GOOS == "windows" {
		exe += ".exe"
	}
	argv := []string{exe}
	if h != native() && (runtime.GOARCH != "amd64" || h.arch != "386") {
		emulator, err := exec.LookPath(h.emulator)
		if err != nil {
			return nil, fmt.Errorf("it needs %s (Debian: apt-get install qemu-user-static)", h.emulator)
		}
		argv = []string{emulator, exe}
	}
	build := exec.Command("go", "build", "-o", exe, "github.com/godwit-vm/godwit/cmd/godwit")
	build.Env = append(os.Environ(), "GOARCH="+h.arch)
	if h != native() {
		build.Env = append(build.Env, "CGO_ENABLED=0")
	}
	if msg, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, msg)
	}
	said, err := exec.Command(argv[0], append(argv[1:], "version")...).Output()
	if err != nil {
		return nil, fmt.Errorf("%s version: %w", strings.Join(argv, " "), err)
	}
	if !strings.Contains(string(said), "/"+h.arch) {
		return nil, fmt.Errorf("%s says that it is %q", strings.Join(argv, " "), said)
	}
	return argv, nil
}
