package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Guests says where the guests are below the harness's folder: wasm/NAME.wasm, native/NAME, bin/ for the built runners.
type Guests string

// DefaultGuests is the folder of the guests; version control leaves it out.
const DefaultGuests Guests = "guests"

// Wasm is the path of a guest's module.
func (g Guests) Wasm(guest string) string { return filepath.Join(string(g), "wasm", guest+".wasm") }

// Native is the path of a guest as a native binary.
func (g Guests) Native(guest string) string { return filepath.Join(string(g), "native", guest) }

// Bin is the path of a runner that is built here.
func (g Guests) Bin(name string) string { return filepath.Join(string(g), "bin", name) }

// NativeCompiler is the file in which the builder of the guests says what made the native ones.
func (g Guests) NativeCompiler() string { return filepath.Join(string(g), "native", "compiler.txt") }

// A binary is a command that can be built from this checkout.
type binary struct {
	placeholder string
	dir         string // the module's folder, relative to the harness's
	pkg         string
}

var binaries = []binary{
	{"godwit", "..", "./cmd/godwit"},
	{"peer-wazero", ".", "./cmd/peer-wazero"},
	{"peer-wasmtime", ".", "./cmd/peer-wasmtime"},
}

// BinaryNames lists the placeholders of the binaries that can be built from this checkout.
func BinaryNames() []string {
	var names []string
	for _, b := range binaries {
		names = append(names, b.placeholder)
	}
	return names
}

// BuildBinaries builds what the runners' templates mention and returns the absolute path of each, by placeholder.
// A path in given is taken instead of building that one.
func BuildBinaries(ctx context.Context, runners []Runner, guests Guests, given map[string]string) (map[string]string, error) {
	paths := map[string]string{}
	for _, b := range binaries {
		mentioned := false
		for _, r := range runners {
			mentioned = mentioned || r.mentions(b.placeholder)
		}
		if !mentioned {
			continue
		}
		path, ready := given[b.placeholder]
		if !ready {
			path = guests.Bin(b.placeholder)
		}
		path, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		if !ready {
			if err := b.build(ctx, path); err != nil {
				return nil, err
			}
		}
		paths[b.placeholder] = path
	}
	return paths, nil
}

func (b binary) build(ctx context.Context, output string) error {
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", output, b.pkg)
	cmd.Dir = b.dir
	text, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("building %s: %w\n%s", b.placeholder, err, strings.TrimSpace(string(text)))
	}
	return nil
}
