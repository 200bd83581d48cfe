package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mount is a --dir.
type mount struct {
	host, guest string
	readOnly    bool
}

// parseMount reads HOST::GUEST[:ro], HOST:GUEST[:ro] and HOST[:ro]. With a single colon the names must not have one
// themselves, but for the drive that a Windows path begins with.
func parseMount(s string) (mount, error) {
	var m mount
	host, guest, double := strings.Cut(s, "::")
	if double {
		guest, m.readOnly = strings.CutSuffix(guest, ":ro")
		m.host, m.guest = host, guest
	} else {
		host, m.readOnly = strings.CutSuffix(s, ":ro")
		drive := len(filepath.VolumeName(host))
		switch rest := host[drive:]; strings.Count(rest, ":") {
		case 0:
			m.host, m.guest = host, filepath.ToSlash(host)
		case 1:
			colon := drive + strings.Index(rest, ":")
			m.host, m.guest = host[:colon], host[colon+1:]
		default:
			return m, fmt.Errorf("%q has too many colons; write HOST::GUEST", s)
		}
	}
	if m.host == "" || m.guest == "" {
		return m, fmt.Errorf("%q is not HOST::GUEST, HOST:GUEST or HOST, each maybe with :ro", s)
	}
	return m, nil
}

// check finds out in time, and in the words of the flag, what opening the folder would fail for.
func (m mount) check() error {
	fi, err := os.Stat(m.host)
	if err == nil && !fi.IsDir() {
		err = &os.PathError{Op: "mount", Path: m.host, Err: errors.New("not a folder")}
	}
	if err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	return nil
}
