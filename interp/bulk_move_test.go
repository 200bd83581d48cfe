package interp

import (
	"bytes"
	"fmt"
	"testing"
)

// What is longer than is copied in one go moves to the right places, however it overlaps.
func TestMove(t *testing.T) {
	const room = 64
	for _, n := range []int{0, 1, movedAtOnce - 1, movedAtOnce, movedAtOnce + 1, 2 * movedAtOnce, 3*movedAtOnce + 17} {
		for _, by := range []int{-movedAtOnce - 1, -movedAtOnce, -5, -1, 0, 1, 5, movedAtOnce, movedAtOnce + 1, n} {
			t.Run(fmt.Sprintf("%d bytes by %d", n, by), func(t *testing.T) {
				got := make([]byte, n+max(by, -by)+2*room)
				for i := range got {
					got[i] = byte(i ^ i>>8 ^ i>>16)
				}
				src, dst := room+max(0, -by), room+max(0, by)
				want := bytes.Clone(got)
				copy(want[dst:dst+n], bytes.Clone(got[src:src+n]))
				move(got[dst:dst+n], got[src:src+n])
				if !bytes.Equal(got, want) {
					t.Error("the bytes are others than those of the copy of a copy")
				}
			})
		}
	}
}
