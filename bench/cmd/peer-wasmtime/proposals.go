//go:build cgo

package main

/*
#cgo linux LDFLAGS: -Wl,--unresolved-symbols=ignore-all
#cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
#include <stdbool.h>
#include <stdint.h>

// They are in the library that wasmtime's Go module links.
extern void wasmtime_config_wasm_exceptions_set(void *config, bool on);
extern void wasmtime_config_wasm_custom_page_sizes_set(void *config, bool on);

static void more_proposals(uintptr_t config) {
	wasmtime_config_wasm_exceptions_set((void *)config, true);
	wasmtime_config_wasm_custom_page_sizes_set((void *)config, true);
}
*/
import "C"

import (
	"reflect"
	"runtime"

	"github.com/bytecodealliance/wasmtime-go/v39"
)

// everyProposal is a configuration with all the proposals that the library has. For exceptions and page sizes its Go module
// has no method, so that C is told where the configuration is: its only field.
func everyProposal() *wasmtime.Config {
	c := wasmtime.NewConfig()
	c.SetWasmThreads(true)
	c.SetWasmReferenceTypes(true)
	c.SetWasmSIMD(true)
	c.SetWasmRelaxedSIMD(true)
	c.SetWasmBulkMemory(true)
	c.SetWasmMultiValue(true)
	c.SetWasmMultiMemory(true)
	c.SetWasmMemory64(true)
	c.SetWasmTailCall(true)
	c.SetWasmFunctionReferences(true)
	c.SetWasmGC(true)
	c.SetWasmWideArithmetic(true)
	c.SetMaxWasmStack(4 << 20)
	C.more_proposals(C.uintptr_t(reflect.ValueOf(c).Elem().Field(0).Pointer()))
	runtime.KeepAlive(c)
	return c
}
