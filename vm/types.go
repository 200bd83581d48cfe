package vm

import (
	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/state"
	"github.com/godwit-vm/godwit/wasi"
	"github.com/godwit-vm/godwit/wasm"
)

// The types below belong to the layers that vm is built on. They are named here so that an embedder imports vm alone.
type (
	// ValType is a wasm value type: a number, V128, or a reference.
	ValType = wasm.ValType
	// FuncType is a function's parameters and results.
	FuncType = wasm.FuncType
	// MemoryType is a memory's limits in pages, how large its pages are, and whether threads share it.
	MemoryType = wasm.MemoryType
	// TableType is a table's limits and the type of its elements.
	TableType = wasm.TableType
	// GlobalType is a global's type and whether it is mutable.
	GlobalType = wasm.GlobalType
	// Limits bound a memory's pages or a table's elements, in their types.
	Limits = wasm.Limits
	// ExternKind says what an import or export is.
	ExternKind = wasm.ExternKind
	// Features is a set of proposals, see [Config.WithFeatures].
	Features = wasm.Features

	// Memory is a linear memory. Its methods read and write little-endian integers and give views of the live bytes.
	// It may be used while its program is idle or in a host function that the program calls, but not while the
	// program runs on another goroutine.
	Memory = interp.Memory
	// Tag says what a kind of exceptions carries. Exceptions are of the same kind when their tags are the same object.
	Tag = interp.Tag
	// Resource is state outside of wasm that travels with a program: see [HostModule.WithState].
	Resource = interp.Resource

	// WASI says what a program sees of the host through WASI preview 1: arguments, environment, streams, folders,
	// clocks. Make one with [NewWASI].
	WASI = wasi.Config
	// ReopenPolicy says what happens to a file that is not what it was when the program was frozen.
	ReopenPolicy = wasi.ReopenPolicy

	// View is the portable view of a frozen program, see [Program.View].
	View = state.Program
	// SnapshotLimits bound what a snapshot may ask for when it is read.
	SnapshotLimits = state.Limits
)

// Value types.
const (
	I32       = wasm.I32
	I64       = wasm.I64
	F32       = wasm.F32
	F64       = wasm.F64
	V128      = wasm.V128
	FuncRef   = wasm.FuncRef
	ExternRef = wasm.ExternRef
	AnyRef    = wasm.AnyRef
	EqRef     = wasm.EqRef
	I31Ref    = wasm.I31Ref
	StructRef = wasm.StructRef
	ArrayRef  = wasm.ArrayRef
	ExnRef    = wasm.ExnRef
)

// Kinds of imports and exports.
const (
	ExternFunc   = wasm.ExternFunc
	ExternTable  = wasm.ExternTable
	ExternMemory = wasm.ExternMemory
	ExternGlobal = wasm.ExternGlobal
	ExternTag    = wasm.ExternTag
)

// Sets of features, see [Config.WithFeatures].
const (
	// DefaultFeatures is every feature of WebAssembly 3.0, and those proposals that are as good as finished.
	DefaultFeatures = wasm.DefaultFeatures
	// AllFeatures is every feature that godwit knows.
	AllFeatures = wasm.AllFeatures
	// MVP is the first version of the specification: no feature at all.
	MVP = wasm.MVP
)

// What to do about files that changed while the program was frozen, see [wasi.Config.WithReopenPolicy].
const (
	ReopenFail  = wasi.ReopenFail
	ReopenAdopt = wasi.ReopenAdopt
	ReopenEIO   = wasi.ReopenEIO
)

// PageSize is the size of a memory's page in bytes, unless its type says otherwise ([MemoryType.PageBytes]).
const PageSize = wasm.PageSize

// NewWASI returns the WASI of a program without arguments and files, whose input is empty and output is discarded.
func NewWASI() *WASI { return wasi.NewConfig() }

// IsSnapshot tells whether prefix, the first bytes of a file (64 suffice), begins a snapshot. A snapshot is a wasm
// module too, but one to be given to [Runtime.Restore] rather than to [Runtime.Compile].
func IsSnapshot(prefix []byte) bool { return state.Detect(prefix) }
