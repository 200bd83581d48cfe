package difftest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/godwit-vm/godwit/wasm"
)

// PeerFeatures are those in which the peer can be compared with godwit. It has no legacy exceptions. Relaxed vector
// instructions it has, but the specification does not say what they give.
const PeerFeatures = wasm.DefaultFeatures &^ (wasm.FeatureLegacyExceptions | wasm.FeatureRelaxedSIMD)

// Peer is another implementation, in a process of its own, which is told what to run as JSON, a [Case] at a time, and
// answers with a [Transcript].
type Peer struct {
	path string
	cmd  *exec.Cmd
	to   io.WriteCloser
	from *json.Decoder
}

// NewPeer gives the peer whose program is at path. It is started when it is first needed, and again after it has ended.
func NewPeer(path string) *Peer { return &Peer{path: path} }

// Way is the peer as a way to run a case. That the process ends is a line of the transcript.
func (p *Peer) Way() Way { return Way{"peer", p.run} }

func (p *Peer) run(c *Case) Transcript {
	t, err := p.ask(c)
	if err != nil {
		p.Close()
		return Transcript{fmt.Sprintf("panic: the peer: %v", err)}
	}
	return t
}

func (p *Peer) ask(c *Case) (t Transcript, err error) {
	if p.cmd == nil {
		if err := p.start(); err != nil {
			return nil, err
		}
	}
	if err := json.NewEncoder(p.to).Encode(c); err != nil {
		return nil, err
	}
	err = p.from.Decode(&t)
	return t, err
}

func (p *Peer) start() (err error) {
	cmd := exec.Command(p.path, "-serve")
	cmd.Stderr = os.Stderr
	if p.to, err = cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.from = json.NewDecoder(bufio.NewReader(out))
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd = cmd
	return nil
}

// Close ends the process.
func (p *Peer) Close() {
	if p.cmd == nil {
		return
	}
	p.to.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait() // what it ended with says nothing: it was told to
	p.cmd = nil
}
