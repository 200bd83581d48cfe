//go:build unix

package bench

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// ownGroup puts a command into a process group of its own, and has all of it ended when the command is cancelled: a
// runner may be a script that starts others.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// maxRSS gives the most memory, in bytes, that a process and those that it waited for had resident.
//
// On Linux it is never below rssFloor: until a child executes its program it shares the memory of the process that
// starts it, and the kernel counts that.
func maxRSS(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return rssBytes(usage)
}

func rssBytes(usage *syscall.Rusage) int64 {
	rss := int64(usage.Maxrss) // 32 bits wide on some platforms
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return rss
	}
	return rss * 1024
}
