package state

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Why this file: a program that has grown its memory to 1 GiB and used little of it has hardly any pages. To compare
// those that it never touched with zero would have the kernel make each one up first, at 2 to 8 us: a second or two
// for what takes 5 ms here. /proc/self/pagemap tells which pages there are.
//
// An emulator may give its guest other addresses than the kernel sees, and another byte order than the kernel writes,
// and this file not know of it. So before it is believed for the first time it has to show that it knows a pattern of
// touched pages.
//
// That a page which is not there reads as zero holds for private anonymous memory alone, so /proc/self/maps is asked
// whether it is that. Whenever anything is not as expected, the answer is that all of it may have been touched.

// worthAsking is the length from which the kernel is asked.
const worthAsking = 4 << 20

// Bits of an entry of pagemap (Documentation/admin-guide/mm/pagemap.rst in the kernel's sources).
const (
	pageSwapped = 1 << 62
	pagePresent = 1 << 63
)

// pageFlags are all bits of an entry that are flags and not a part of the page's number, but for the soft-dirty one.
const pageFlags = 0xFF << 56

// touched returns ascending, disjoint stretches of data, whole granules, outside of which it is zero. Nobody may write
// to data meanwhile.
func touched(data []byte) []stretch {
	whole := []stretch{{0, len(data)}}
	if len(data) < worthAsking {
		return whole
	}
	// The address is only compared with what the kernel says of addresses, never turned back into a pointer; data is
	// alive until the function returns, and neither mappings nor large objects of the heap move.
	base, page := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(data)))), uint64(os.Getpagesize())
	if base%page != 0 || page%granule != 0 || !anonymous(base, base+uint64(len(data))) {
		return whole
	}
	if !credible() {
		return whole
	}
	var all []stretch
	err := residency(base, page, uint64(len(data)), binary.NativeEndian, func(s stretch, _ uint64) { all = join(all, s) })
	if err != nil {
		return whole
	}
	return all
}

// residency calls f for each of the pages of the n bytes from address base on that there is, with its flags.
func residency(base, page, n uint64, order binary.ByteOrder, f func(s stretch, flags uint64)) error {
	pagemap, err := os.Open("/proc/self/pagemap")
	if err != nil {
		return err
	}
	defer pagemap.Close()
	buf := make([]byte, 64<<10)
	for off := uint64(0); off < n; {
		pages := (n - off + page - 1) / page
		b := buf[:min(uint64(len(buf)), 8*pages)]
		if _, err := pagemap.ReadAt(b, int64((base+off)/page*8)); err != nil {
			return err
		}
		for ; len(b) > 0; b = b[8:] {
			end := min(off+page, n)
			if e := order.Uint64(b); e&(pagePresent|pageSwapped) != 0 {
				f(stretch{int(off), int(end)}, e&pageFlags)
			}
			off = end
		}
	}
	return nil
}

var credible = sync.OnceValue(func() bool { return credibleIn(binary.NativeEndian) })

// credibleIn tells whether pagemap, read in a byte order, knows which pages of a mapping were touched and which were not.
func credibleIn(order binary.ByteOrder) bool {
	const pattern = uint64(0x9E3779B97F4A7C15)
	page := os.Getpagesize()
	probe, err := unix.Mmap(-1, 0, 64*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return false
	}
	defer unix.Munmap(probe)
	// Or a touch might bring the neighbours along. A kernel without huge pages refuses, and needs no asking.
	_ = unix.Madvise(probe, unix.MADV_NOHUGEPAGE)
	for i := range 64 {
		if pattern>>i&1 != 0 {
			probe[i*page] = 1
		}
	}
	seen, flags, same := uint64(0), uint64(0), true
	base := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(probe)))) // compared only, as in touched
	err = residency(base, uint64(page), uint64(len(probe)), order, func(s stretch, f uint64) {
		same = same && (seen == 0 || f == flags)
		flags = f
		seen |= 1 << (s.from / page)
	})
	// Read in the wrong byte order, the flags are the low bits of the pages' numbers: they can look like flags of
	// touched pages, all of them, but not be the same for all.
	return err == nil && seen == pattern && same
}

// anonymous tells whether all addresses from start to end are private anonymous memory.
func anonymous(start, end uint64) bool {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return false
	}
	defer maps.Close()
	lines := bufio.NewReader(maps)
	for start < end {
		line, err := lines.ReadString('\n')
		if err != nil && (err != io.EOF || line == "") {
			return false
		}
		from, to, private, ok := mapping(line)
		switch {
		case !ok:
			return false
		case to <= start:
			continue
		case from > start || !private:
			return false
		}
		start = to
	}
	return true
}

// mapping takes a line of /proc/self/maps apart: "7f0000000000-7f0000001000 rw-p 00000000 00:00 0   [name]".
func mapping(line string) (from, to uint64, private, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 5 {
		return 0, 0, false, false
	}
	first, second, _ := strings.Cut(fields[0], "-")
	from, err1 := strconv.ParseUint(first, 16, 64)
	to, err2 := strconv.ParseUint(second, 16, 64)
	private = strings.HasSuffix(fields[1], "p") && fields[4] == "0" // no inode: no file behind it
	return from, to, private, err1 == nil && err2 == nil
}
