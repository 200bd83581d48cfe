package vm

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/wasi"
	"github.com/godwit-vm/godwit/wasm/wat"
)

// writerFunc is a writer.
type writerFunc func(b []byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// Who looks at a program, or writes it down, may close it in the midst of that: what is seen of it stays until the end, and then all goes.
func TestCloseFromWithinAView(t *testing.T) {
	binary, err := wat.Parse("test.wat", []byte(`(module (memory (export "m") 1) (data (i32.const 8) "\ff"))`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		look func(p *Program, close func()) error
	}{
		{"view", func(p *Program, close func()) error {
			return p.View(context.Background(), false, func(v *View) error { close(); return nil })
		}},
		{"view that fails", func(p *Program, close func()) error {
			p.View(context.Background(), false, func(v *View) error { close(); return errors.New("no") })
			return nil
		}},
		{"checkpoint", func(p *Program, close func()) error {
			return p.Checkpoint(context.Background(), writerFunc(func(b []byte) (int, error) { close(); return len(b), nil }), nil)
		}},
		{"checkpoint that stops", func(p *Program, close func()) error {
			return p.Checkpoint(context.Background(), writerFunc(func(b []byte) (int, error) { close(); return len(b), nil }), NewCheckpointConfig().WithStop())
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := NewRuntime(nil)
			m, err := rt.Compile(binary)
			if err != nil {
				t.Fatal(err)
			}
			i, err := rt.Instantiate(context.Background(), m, NewProgramConfig().WithWASI(wasi.NewConfig()))
			if err != nil {
				t.Fatal(err)
			}
			p, bytes, calls := i.Program(), i.Memory("m").Bytes(), 0
			done := make(chan error)
			go func() {
				done <- tt.look(p, func() {
					if err := p.Close(); err != nil {
						t.Error(err)
					}
					if calls++; bytes[8] != 255 || p.wasiClosed {
						t.Error("what is looked at is gone")
					}
				})
			}()
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("Close waits for its caller")
			}
			// Elsewhere memories are Go's, which keeps what somebody looks at.
			mapped := runtime.GOOS == "linux" && strconv.IntSize == 64
			if calls == 0 || mapped && bytes[8] != 0 || !p.wasiClosed {
				t.Errorf("after %d calls of Close not all is closed", calls)
			}
			if err := p.View(context.Background(), false, nil); !errors.Is(err, ErrClosed) {
				t.Errorf("a view of what is closed: %v", err)
			}
		})
	}
}

// A program that could not be restored has no thread; nobody runs it.
func TestProgramWithoutThreadIsNotBusy(t *testing.T) {
	p, err := NewRuntime(nil).newProgram(nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.Busy() {
		t.Error("it is busy")
	}
	if err := p.Close(); err != nil || p.Busy() {
		t.Error(err, p.Busy())
	}
}
