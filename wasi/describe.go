package wasi

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Description is saved state in a form for people. It can be written as JSON.
type Description struct {
	Version       uint32          `json:"version"`
	Args          []string        `json:"args"`
	Env           []string        `json:"env"`
	Deterministic bool            `json:"deterministic"`
	Monotonic     time.Duration   `json:"monotonic_ns"` // what the guest's monotonic clock showed
	Stdin         int             `json:"stdin_bytes"`  // read of standard input, and not yet by the guest
	FDs           []FDDescription `json:"fds"`
}

// FDDescription is a descriptor of the guest's.
type FDDescription struct {
	FD     uint32   `json:"fd"`
	Kind   string   `json:"kind"`           // stdin, stdout, stderr, mount, dir, file, unlinked, device, broken
	Path   string   `json:"path,omitempty"` // as the guest sees it
	Access string   `json:"access,omitempty"`
	Offset int64    `json:"offset"`
	Size   int64    `json:"size"`
	Flags  []string `json:"flags,omitempty"`
	SHA256 string   `json:"sha256,omitempty"`
}

// Describe reads what SaveState wrote. It opens nothing.
func Describe(version uint32, data []byte) (*Description, error) {
	v, err := decodeSaved(version, data)
	if err != nil {
		return nil, err
	}
	d := &Description{
		Version: version, Args: v.args, Env: v.env, Deterministic: v.deterministic,
		Monotonic: time.Duration(v.monotonic), Stdin: len(v.stdin.buf),
	}
	for i := range v.fds {
		d.FDs = append(d.FDs, v.describe(&v.fds[i]))
	}
	return d, nil
}

// flagNames are the names of descriptor flags, by bit.
var flagNames = [...]string{"append", "dsync", "nonblock", "rsync", "sync"}

func (v *saved) describe(f *savedFD) FDDescription {
	d := FDDescription{FD: uint32(f.fd), Path: f.where(), Offset: f.offset, Size: f.size}
	if len(f.hash) > 0 {
		d.SHA256 = fmt.Sprintf("%x", f.hash)
	}
	switch f.kind {
	case savedStdio:
		d.Kind = [...]string{"stdin", "stdout", "stderr"}[f.std]
	case savedFile:
		d.Kind = "file"
	case savedUnlinked:
		d.Kind, d.Size = "unlinked", int64(len(v.contents[f.content]))
	case savedDir:
		if d.Kind = "dir"; f.preopen {
			d.Kind = "mount"
		}
	case savedDevice:
		d.Kind = "device"
	case savedBroken:
		d.Kind = "broken"
		d.Flags = append(d.Flags, Errno(f.errno).String())
	}
	if f.read {
		d.Access += "r"
	}
	if f.write {
		d.Access += "w"
	}
	for bit, name := range flagNames {
		if f.flags>>bit&1 != 0 {
			d.Flags = append(d.Flags, name)
		}
	}
	return d
}

// Lines are the description as text, a line for each thing.
func (d *Description) Lines() []string {
	lines := []string{
		fmt.Sprintf("args       %s", quoted(d.Args)),
		fmt.Sprintf("env        %d variables", len(d.Env)),
	}
	clock := fmt.Sprintf("clock      %v since the start", d.Monotonic)
	if d.Deterministic {
		clock += ", deterministic"
	}
	lines = append(lines, clock)
	if d.Stdin > 0 {
		lines = append(lines, fmt.Sprintf("stdin      %d bytes read ahead", d.Stdin))
	}
	for i := range d.FDs {
		lines = append(lines, d.FDs[i].line())
	}
	return lines
}

func (f *FDDescription) line() string {
	words := []string{fmt.Sprintf("fd %-7d %-8s", f.FD, f.Kind)}
	if f.Path != "" {
		words = append(words, strconv.Quote(f.Path))
	}
	if f.Access != "" {
		words = append(words, f.Access)
	}
	if f.Kind == "file" || f.Kind == "unlinked" {
		words = append(words, fmt.Sprintf("at %d of %d", f.Offset, f.Size))
	}
	return strings.TrimRight(strings.Join(append(words, f.Flags...), " "), " ")
}

func quoted(list []string) string {
	q := make([]string, len(list))
	for i, s := range list {
		q[i] = strconv.Quote(s)
	}
	return strings.Join(q, " ")
}
