package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/godwit-vm/godwit/wasm/wat"
)

// isText tells whether a file is a module in the text format: by its name, or because it begins like one.
func isText(file string, b []byte) bool {
	if strings.EqualFold(filepath.Ext(file), ".wat") {
		return !bytes.HasPrefix(b, wasmMagic)
	}
	b = bytes.TrimLeft(b, " \t\r\n")
	return bytes.HasPrefix(b, []byte("(")) || bytes.HasPrefix(b, []byte(";;"))
}

// moduleBinary is the binary of the module that a file holds, which is made of its text where it is one. It says what is
// neither.
func moduleBinary(file string, b []byte) ([]byte, error) {
	if isText(file, b) {
		binary, err := wat.Parse(file, b) // an error begins with the place in the file
		if err != nil && strings.EqualFold(filepath.Ext(file), ".wast") {
			err = fmt.Errorf("%w\na script is run with godwit wast", err)
		}
		return binary, err
	}
	if err := checkModule(b); err != nil {
		return nil, about(file, err)
	}
	return b, nil
}

// readModule reads a module, binary or text.
func readModule(file string) ([]byte, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return moduleBinary(file, b)
}
