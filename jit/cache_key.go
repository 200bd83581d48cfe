package jit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
)

// Machine code is good for one processor and one build of godwit: it knows where the interpreter keeps things, and what stands at
// which number in the interpreter's code. Rather than a version that somebody has to remember to change, the build's identity is the
// ID that Go's linker gives each executable: it follows from the contents of every package that is part of it. A cache is lost with each new
// build, which costs one slow start, and is never wrong. An executable that was linked without an ID has no cache.

var errNoBuildID = errors.New("this executable has no build ID, which code files are known by")

// targetID says what this process compiles for.
var targetID = sync.OnceValues(func() (id [32]byte, err error) {
	build, err := executableID()
	if err != nil {
		return id, err
	}
	return sha256.Sum256(fmt.Appendf(nil, "godwit code %d\n%s\n%s\n%s\n%s\n", cacheVersion, runtime.GOOS, runtime.GOARCH, hostFeatures(), build)), nil
})

// name is what a file in a directory of code is called.
func (id *cacheID) name() string {
	sum := sha256.Sum256(append(id.module[:], id.target[:]...))
	return hex.EncodeToString(sum[:16]) + ".gwc"
}

// executableID reads the ID of the running executable.
func executableID() (string, error) {
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, 64<<10) // the linker puts the note in front
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return "", err
	}
	return buildIDOf(head[:n])
}

// buildIDOf finds the note of the ID in the beginning of an ELF file of 64 bits.
func buildIDOf(b []byte) (string, error) {
	const (
		fileHeader, programHeader = 64, 56
		note                      = 4 // PT_NOTE
		goNote                    = 4 // the type of the note with the ID
	)
	if len(b) < fileHeader || string(b[:6]) != "\x7fELF\x02\x01" {
		return "", errNoBuildID
	}
	at, entries := binary.LittleEndian.Uint64(b[32:]), int(binary.LittleEndian.Uint16(b[56:]))
	for i := range entries {
		p := at + uint64(i)*programHeader
		if at > uint64(len(b)) || p+programHeader > uint64(len(b)) {
			break
		}
		if binary.LittleEndian.Uint32(b[p:]) != note {
			continue
		}
		offset, size := binary.LittleEndian.Uint64(b[p+8:]), binary.LittleEndian.Uint64(b[p+32:])
		if offset > uint64(len(b)) || size > uint64(len(b))-offset {
			continue
		}
		for n := b[offset:][:size]; len(n) >= 12; {
			name, desc := uint64(binary.LittleEndian.Uint32(n)), uint64(binary.LittleEndian.Uint32(n[4:]))
			kind := binary.LittleEndian.Uint32(n[8:])
			n = n[12:]
			wholeName, wholeDesc := (name+3)&^3, (desc+3)&^3
			if wholeName+wholeDesc > uint64(len(n)) {
				break
			}
			if kind == goNote && bytes.Equal(n[:name], []byte("Go\x00\x00")) && desc > 0 {
				return string(n[wholeName:][:desc]), nil
			}
			n = n[wholeName+wholeDesc:]
		}
	}
	return "", errNoBuildID
}
