//go:build !linux

package wasi

import "os"

// readEntries reads a folder. Numbers are found out when an entry is shown.
func readEntries(f *os.File) ([]dirEntry, error) {
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	list := make([]dirEntry, len(entries))
	for i, e := range entries {
		list[i] = dirEntry{name: e.Name(), typ: typeOfMode(e.Type())}
	}
	return list, nil
}
