package state_test

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasm"
)

// counter is a program that stands in a function with one local.
func counter() *state.Program {
	return &state.Program{
		Modules:   []state.Module{{Name: "counter.wasm", Hash: [32]byte{1, 2, 3}}},
		Instances: []state.Instance{{Name: "counter", Memories: []uint32{0}}},
		Funcs:     []state.FuncRun{{Instance: 0, First: 0, Count: 1}},
		Memories:  []state.Memory{{Type: wasm.MemoryType{Limits: wasm.Limits{Min: 1}}, Data: make([]byte, wasm.PageSize)}},
		Threads: []state.Thread{{Frames: []state.Frame{{
			Instance: 0, Func: 0, Offset: 42, Locals: []state.Value{{Type: wasm.I32, Bits: 7}},
		}}}},
	}
}

func ExampleEncode() {
	p := counter()
	copy(p.Memories[0].Data[1000:], "hello")

	var b bytes.Buffer
	if err := state.Encode(&b, p, state.Options{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("a snapshot:", state.Detect(b.Bytes()))
	m, err := wasm.Decode(b.Bytes(), wasm.DefaultFeatures)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a module with memories:", len(m.Memories))
	// Output:
	// a snapshot: true
	// a module with memories: 1
}

func ExampleReadFile() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "counter.snapshot")
	p := counter()
	copy(p.Memories[0].Data[1000:], "hello")
	if _, err := state.WriteFile(path, p, state.Options{}); err != nil {
		log.Fatal(err)
	}

	f, err := state.ReadFile(path, state.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	memory := make([]byte, f.Memories[0].Size())
	if err := f.Memories[0].LoadInto(memory); err != nil {
		log.Fatal(err)
	}
	frame := f.Threads[0].Frames[0]
	fmt.Printf("local 0 is %d, memory says %s\n", frame.Locals[0].Bits, memory[1000:1005])
	fmt.Println(f.Complete())
	// Output:
	// local 0 is 7, memory says hello
	// snapshot: section godwit.modules: module "counter.wasm", SHA-256 0102030000000000000000000000000000000000000000000000000000000000: module is not in the snapshot
}

func ExampleSummary_Print() {
	var b bytes.Buffer
	if err := state.Encode(&b, counter(), state.Options{Compress: true}); err != nil {
		log.Fatal(err)
	}
	f, err := state.DecodeBytes(b.Bytes(), state.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	s := state.Summarize(f, nil)
	s.Parts, s.Size = nil, 1000
	s.Print(os.Stdout)
	// Output:
	// snapshot, format 2, 1000 B, compressed
	// taken at a time unknown
	// modules
	//   0: counter.wasm, not embedded, sha256 0102030000000000000000000000000000000000000000000000000000000000
	// instances
	//   0: counter of module 0: 1 function, 0 globals, memories [0]
	// memory 0: 64 KiB, 0 B used
	// thread 0: 1 frame
	//   #0 func[0] at 0x2a of instance 0
}
