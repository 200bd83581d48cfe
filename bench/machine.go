package bench

import (
	"bufio"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// A Machine says where something was measured.
type Machine struct {
	CPU    string `json:"cpu"`
	CPUs   int    `json:"cpus"`
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	Kernel string `json:"kernel,omitempty"`
	Go     string `json:"go"` // that built the harness
}

// ThisMachine describes the host.
func ThisMachine() Machine {
	m := Machine{
		CPU:  "unknown CPU",
		CPUs: runtime.NumCPU(),
		OS:   runtime.GOOS,
		Arch: runtime.GOARCH,
		Go:   runtime.Version(),
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if model := cpuModel(string(text)); model != "" {
			m.CPU = model
		}
	} else if text, err := exec.Command("sysctl", "-n", "machdep.cpu.brand_string").Output(); err == nil {
		m.CPU = strings.TrimSpace(string(text))
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(text))
	}
	return m
}

// cpuModel finds the model in /proc/cpuinfo, whose keys depend on the architecture.
func cpuModel(cpuinfo string) string {
	values := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(cpuinfo))
	for lines.Scan() {
		key, value, found := strings.Cut(lines.Text(), ":")
		key = strings.TrimSpace(key)
		if _, known := values[key]; found && !known {
			values[key] = strings.TrimSpace(value)
		}
	}
	for _, key := range []string{"model name", "Model", "cpu model", "uarch", "machine"} {
		if values[key] != "" {
			return values[key]
		}
	}
	if part := values["CPU part"]; part != "" {
		return fmt.Sprintf("Arm implementer %s part %s", values["CPU implementer"], part)
	}
	return ""
}

// peerModules are the modules whose version is the version of a peer.
var peerModules = []string{
	"github.com/tetratelabs/wazero",
	"github.com/bytecodealliance/wasmtime-go/v39",
}

// Version tells the version of a runner from its command line. For native programs that is the compiler that made them.
func Version(ctx context.Context, r Runner, command []string, guests Guests) string {
	if r.mentions("native") && r.Template[0] == "{native}" {
		text, err := os.ReadFile(guests.NativeCompiler())
		if err != nil {
			return "unknown compiler"
		}
		return strings.TrimSpace(string(text))
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return "not found"
	}
	if info, err := buildinfo.ReadFile(path); err == nil {
		return goVersion(info)
	}
	return askVersion(ctx, path)
}

// goVersion reads the version out of what the Go linker left in a binary.
func goVersion(info *buildinfo.BuildInfo) string {
	for _, dep := range info.Deps {
		for _, peer := range peerModules {
			if dep.Path == peer {
				return fmt.Sprintf("%s %s (%s)", peer, dep.Version, info.GoVersion)
			}
		}
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			version += " revision " + s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			version += ", modified"
		}
	}
	return fmt.Sprintf("%s %s (%s)", info.Main.Path, version, info.GoVersion)
}

// askVersion takes the first line that a program prints when it is asked.
func askVersion(ctx context.Context, path string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	text, err := exec.CommandContext(ctx, path, "--version").Output()
	first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if err != nil || first == "" {
		return "unknown version"
	}
	return first
}
