package state

import (
	"encoding/binary"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Read in the wrong order the numbers of pages, which root sees, can look like flags. Pages that lie beside each other
// share most bits, so that they all look alike in one run of four or so.
func TestPagemapIsNotBelievedInTheWrongOrder(t *testing.T) {
	var other binary.ByteOrder = binary.BigEndian
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		other = binary.LittleEndian
	}
	// Under an emulator the other order may be the right one.
	if !credibleIn(binary.NativeEndian) {
		t.Skip("pagemap is not to be believed here")
	}
	for range 200 {
		if credibleIn(other) {
			t.Fatal("believed")
		}
		// Takes pages away, or the next round has the same.
		b, err := unix.Mmap(-1, 0, 128*os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_POPULATE)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Munmap(b)
	}
}
