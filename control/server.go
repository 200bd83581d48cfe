package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Handler is the program that a server speaks for. Its methods are called by many goroutines.
type Handler interface {
	// Status describes the program, but for the fields that the server knows: ID and PID.
	Status() Status
	// Checkpoint takes a snapshot. ctx ends when the client has hung up.
	Checkpoint(ctx context.Context, r CheckpointRequest) (CheckpointResult, error)
}

// Server answers for one running program.
type Server struct {
	id      string
	path    string
	handler Handler
	l       net.Listener
	slots   chan struct{} // one for each connection that is served
	serving sync.WaitGroup
	// open ends when Close begins: who has not said yet what he wants is not waited for. work ends with it.
	open, work       context.Context
	stopOpen, cancel context.CancelFunc
}

// Listen opens a server on a socket of its own and serves until Close.
func Listen(h Handler) (*Server, error) {
	dir, err := ownFolder()
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	s := &Server{id: freeID(dir), handler: h, slots: make(chan struct{}, maxConns)}
	s.path = filepath.Join(dir, s.id+suffix)
	if s.l, err = listen(dir, s.id, s.path); err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	s.open, s.stopOpen = context.WithCancel(context.Background())
	s.work, s.cancel = context.WithCancel(context.Background())
	s.serving.Go(s.accept)
	go sweep()
	return s, nil
}

// suffix is what the names of sockets end with.
const suffix = ".sock"

// listen makes a socket that listens before it has its name.
func listen(dir, id, path string) (net.Listener, error) {
	hidden := filepath.Join(dir, "."+id+suffix)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: hidden, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // it has another name by then
	err = os.Chmod(hidden, 0o600)
	if err == nil {
		err = os.Rename(hidden, path)
	}
	if err != nil {
		_ = os.Remove(hidden)
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// freeID finds an ID that no other program has: four letters and digits which look different from each other.
func freeID(dir string) string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	for {
		id := make([]byte, 4)
		for i := range id {
			id[i] = letters[rand.IntN(len(letters))]
		}
		if _, err := os.Lstat(filepath.Join(dir, string(id)+suffix)); errors.Is(err, fs.ErrNotExist) {
			return string(id)
		}
	}
}

// ID is the program's.
func (s *Server) ID() string { return s.id }

// Close removes the socket and waits a moment for requests in progress to get their answers.
func (s *Server) Close() error {
	err := os.Remove(s.path)
	err = errors.Join(err, s.l.Close())
	s.stopOpen()
	done := make(chan struct{})
	go func() {
		s.serving.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(closeTime):
	}
	s.cancel()
	return err
}

func (s *Server) accept() {
	for {
		s.slots <- struct{}{}
		c, err := s.l.Accept()
		if err == nil {
			s.serving.Go(func() { s.serve(c) })
			continue
		}
		<-s.slots
		if errors.Is(err, net.ErrClosed) {
			return
		}
		time.Sleep(10 * time.Millisecond) // out of descriptors, maybe: that passes
	}
}

// serve answers one request.
func (s *Server) serve(c net.Conn) {
	defer func() {
		c.Close()
		<-s.slots
	}()
	_ = c.SetReadDeadline(time.Now().Add(talkTime))
	heard := context.AfterFunc(s.open, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
	var req request
	err := receive(c, maxRequest, &req)
	heard()
	if err != nil {
		if errors.Is(err, errLine) {
			_ = send(c, response{Version: Version, Error: err.Error()})
		}
		return
	}
	_ = c.SetReadDeadline(time.Time{})
	ctx, cancel := context.WithCancel(s.work)
	defer cancel()
	go func() { // ends when serve closes the connection, if not before
		_, _ = c.Read(make([]byte, 1))
		cancel()
	}()
	resp := s.answer(ctx, &req)
	resp.Version = Version
	_ = send(c, resp)
}

func (s *Server) answer(ctx context.Context, req *request) response {
	switch {
	case req.Version != Version:
		return response{Error: fmt.Sprintf("protocol version %d is not known here, %d is", req.Version, Version)}
	case req.Op == opStatus:
		st := s.handler.Status()
		st.ID, st.PID = s.id, os.Getpid()
		return response{Status: &st}
	case req.Op == opCheckpoint && req.Checkpoint != nil:
		res, err := s.handler.Checkpoint(ctx, *req.Checkpoint)
		if err != nil {
			return response{Error: err.Error()}
		}
		return response{Checkpoint: &res}
	}
	return response{Error: fmt.Sprintf("request %q is not known", req.Op)}
}
