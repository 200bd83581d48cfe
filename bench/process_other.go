//go:build !unix

package bench

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func maxRSS(*os.ProcessState) int64 { return 0 }
