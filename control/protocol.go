package control

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Version is the protocol's.
const Version = 1

// Every limit of the package stands here, with its reason.
const (
	// maxRequest bounds a request in bytes. A path is the longest thing in one.
	maxRequest = 64 << 10
	// maxResponse bounds a response in bytes: a status with a path or two, or a joined error with many lines.
	maxResponse = 1 << 20
	// maxConns is how many clients a server serves at the same time. More wait in the kernel's queue.
	maxConns = 8
	// talkTime bounds each exchange but for the work in between. Both ends are on one host.
	talkTime = 2 * time.Second
	// closeTime is how long a server that is closed waits for requests in progress to get their answers.
	closeTime = time.Second
	// orphanTime is the age from which a socket that never came to listen is taken to belong to nobody.
	orphanTime = time.Minute
)

// Status is what a running program says of itself.
type Status struct {
	ID       string        `json:"id"`
	PID      int           `json:"pid"`
	File     string        `json:"file"`            // absolute path of what is run
	Snapshot string        `json:"snapshot"`        // absolute path of where snapshots go
	Taken    *time.Time    `json:"taken,omitempty"` // when the last one was
	State    string        `json:"state"`           // starting, running, frozen, ended
	Resumed  bool          `json:"resumed"`         // File is a snapshot
	Tier     string        `json:"tier"`
	Started  time.Time     `json:"started"`
	CPU      time.Duration `json:"cpu_ns"`       // used by the process
	Memory   uint64        `json:"memory_bytes"` // of the process, resident
	Godwit   string        `json:"godwit"`       // version
}

// CheckpointRequest says what snapshot is wanted.
type CheckpointRequest struct {
	Path        string `json:"path"` // absolute; "" for where the program's snapshots go
	Stop        bool   `json:"stop,omitempty"`
	Compress    bool   `json:"compress,omitempty"`
	OmitModules bool   `json:"omit_modules,omitempty"`
}

// CheckpointResult is a snapshot that was taken.
type CheckpointResult struct {
	Path   string        `json:"path"`
	Size   int64         `json:"size"`
	Took   time.Duration `json:"took_ns"`   // from the request to the file on disk
	Frozen time.Duration `json:"frozen_ns"` // of that, while the program stood still
}

// What a client may ask for.
const (
	opStatus     = "status"
	opCheckpoint = "checkpoint"
)

type request struct {
	Version    int                `json:"version"`
	Op         string             `json:"op"`
	Checkpoint *CheckpointRequest `json:"checkpoint,omitempty"`
}

type response struct {
	Version    int               `json:"version"`
	Error      string            `json:"error,omitempty"`
	Status     *Status           `json:"status,omitempty"`
	Checkpoint *CheckpointResult `json:"checkpoint,omitempty"`
}

var errLine = errors.New("no line of JSON within the limit")

// receive reads a line of at most limit bytes into v.
func receive(c net.Conn, limit int64, v any) error {
	line, err := bufio.NewReader(io.LimitReader(c, limit)).ReadBytes('\n')
	if err == io.EOF && len(line) > 0 {
		return errLine
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("%w: %v", errLine, err)
	}
	return nil
}

// send writes v as a line.
func send(c net.Conn, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_ = c.SetWriteDeadline(time.Now().Add(talkTime))
	_, err = c.Write(append(line, '\n'))
	return err
}
