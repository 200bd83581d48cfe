package bench

import (
	"runtime"
	"testing"
)

func TestFloorIsThePeakOfThisProcess(t *testing.T) {
	const size = 64 << 20
	before := rssFloor()
	if before <= 0 {
		t.Fatalf("this process's peak is %d bytes", before)
	}
	block := make([]byte, size)
	for i := range block {
		block[i] = 1
	}
	runtime.KeepAlive(block)
	if after := rssFloor(); after < size {
		t.Errorf("the peak is %d bytes after %d were touched", after, size)
	}
}
