package spectest

import (
	"math"

	"github.com/godwit-vm/godwit/vm"
)

// host is the module spectest, from which the suite's scripts import. What its functions are given is not looked at.
var host = newHost()

func newHost() *vm.HostModule {
	h := vm.NewHostModule("spectest")
	for name, params := range map[string][]vm.ValType{
		"print": nil, "print_i32": {vm.I32}, "print_i64": {vm.I64}, "print_f32": {vm.F32}, "print_f64": {vm.F64},
		"print_i32_f32": {vm.I32, vm.F32}, "print_f64_f64": {vm.F64, vm.F64},
	} {
		h = h.WithFunc(name, vm.RawFunc(vm.FuncType{Params: params}, func(*vm.Caller, []uint64) error { return nil }))
	}
	table := vm.TableType{Elem: vm.FuncRef, Limits: vm.Limits{Min: 10, Max: 20, HasMax: true}}
	table64 := table
	table64.Is64 = true
	memory := vm.MemoryType{Limits: vm.Limits{Min: 1, Max: 2, HasMax: true}}
	shared := memory
	shared.Shared = true
	return h.WithTable("table", table).WithTable("table64", table64).
		WithMemory("memory", memory).WithMemory("shared_memory", shared).
		WithGlobal("global_i32", vm.GlobalType{Type: vm.I32}, 666).
		WithGlobal("global_i64", vm.GlobalType{Type: vm.I64}, 666).
		WithGlobal("global_f32", vm.GlobalType{Type: vm.F32}, uint64(math.Float32bits(666.6))).
		WithGlobal("global_f64", vm.GlobalType{Type: vm.F64}, math.Float64bits(666.6))
}

// shares tells whether a module imports from spectest something that other modules would find changed.
func shares(m *vm.Module) bool {
	for i := range m.Imports() {
		if i.Module == host.Name() && (i.Kind == vm.ExternTable || i.Kind == vm.ExternMemory) {
			return true
		}
	}
	return false
}
