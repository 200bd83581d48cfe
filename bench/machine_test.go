package bench

import (
	"debug/buildinfo"
	"runtime/debug"
	"testing"
)

func TestCPUModel(t *testing.T) {
	for cpuinfo, want := range map[string]string{
		"processor\t: 0\nmodel name\t: Example 9 Core\n\nprocessor\t: 1\nmodel name\t: other\n": "Example 9 Core",
		"processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n":                          "Arm implementer 0x41 part 0xd0c",
		"nothing\t: known\n": "",
	} {
		if got := cpuModel(cpuinfo); got != want {
			t.Errorf("cpuModel(%q) = %q, want %q", cpuinfo, got, want)
		}
	}
}

func TestGoVersion(t *testing.T) {
	for want, info := range map[string]*buildinfo.BuildInfo{
		"github.com/tetratelabs/wazero v1.2.3 (go1.26)": {
			GoVersion: "go1.26",
			Deps:      []*debug.Module{{Path: "golang.org/x/sys"}, {Path: "github.com/tetratelabs/wazero", Version: "v1.2.3"}},
		},
		"example.com/vm (devel) revision 0123456789ab, modified (go1.26)": {
			GoVersion: "go1.26",
			Main:      debug.Module{Path: "example.com/vm", Version: "(devel)"},
			Settings:  []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "true"}},
		},
	} {
		if got := goVersion(info); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
