package bench

import (
	"os"
	"regexp"
	"strconv"
)

var peakLine = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)

// rssFloor gives the peak memory, in bytes, of this process's own program, below which no peak of a child can be told. 0 is
// none. getrusage does not do: it counts what this process had shared with its own parent, too, which children do not get.
func rssFloor() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	match := peakLine.FindSubmatch(text)
	if match == nil {
		return 0
	}
	kibibytes, err := strconv.ParseInt(string(match[1]), 10, 64)
	if err != nil {
		return 0
	}
	return kibibytes * 1024
}
