package state

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
	"strconv"
	"strings"
	"unsafe"
)

// Why this file: a program that has grown its memory to 1 GiB and used little of it has hardly any pages. To compare
// those that it never touched with zero would have the kernel make each one up first, at 2 to 8 us: a second or two
// for what takes 5 ms here. /proc/self/pagemap tells which pages there are.
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
	pagemap, err := os.Open("/proc/self/pagemap")
	if err != nil {
		return whole
	}
	defer pagemap.Close()
	var all []stretch
	buf := make([]byte, 64<<10)
	for off := uint64(0); off < uint64(len(data)); {
		pages := (uint64(len(data)) - off + page - 1) / page
		b := buf[:min(uint64(len(buf)), 8*pages)]
		if _, err := pagemap.ReadAt(b, int64((base+off)/page*8)); err != nil {
			return whole
		}
		for ; len(b) > 0; b = b[8:] {
			end := min(off+page, uint64(len(data)))
			if binary.NativeEndian.Uint64(b)&(pagePresent|pageSwapped) != 0 {
				all = join(all, stretch{int(off), int(end)})
			}
			off = end
		}
	}
	return all
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
