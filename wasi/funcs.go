package wasi

import (
	"slices"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasm"
)

// function is a row of the table of preview 1's functions.
type function struct {
	name string
	// params has a letter for each parameter: i for an i32, l for an i64. The result is an errno, but for proc_exit.
	params string
	// call does it. An Errno goes to the guest, any other error is the embedder's.
	call func(s *System, c call, a []uint64) error
}

// functions has all of preview 1, in the order of its witx. A row without a call is not supported.
var functions = [...]function{
	{"args_get", "ii", (*System).argsGet},
	{"args_sizes_get", "ii", (*System).argsSizesGet},
	{"environ_get", "ii", (*System).environGet},
	{"environ_sizes_get", "ii", (*System).environSizesGet},
	{"clock_res_get", "ii", (*System).clockResGet},
	{"clock_time_get", "ili", (*System).clockTimeGet},
	{"fd_advise", "illi", (*System).fdAdvise},
	{"fd_allocate", "ill", (*System).fdAllocate},
	{"fd_close", "i", (*System).fdClose},
	{"fd_datasync", "i", (*System).fdDatasync},
	{"fd_fdstat_get", "ii", (*System).fdFdstatGet},
	{"fd_fdstat_set_flags", "ii", (*System).fdFdstatSetFlags},
	{"fd_fdstat_set_rights", "ill", (*System).fdFdstatSetRights},
	{"fd_filestat_get", "ii", (*System).fdFilestatGet},
	{"fd_filestat_set_size", "il", (*System).fdFilestatSetSize},
	{"fd_filestat_set_times", "illi", (*System).fdFilestatSetTimes},
	{"fd_pread", "iiili", (*System).fdPread},
	{"fd_prestat_get", "ii", (*System).fdPrestatGet},
	{"fd_prestat_dir_name", "iii", (*System).fdPrestatDirName},
	{"fd_pwrite", "iiili", (*System).fdPwrite},
	{"fd_read", "iiii", (*System).fdRead},
	{"fd_readdir", "iiili", (*System).fdReaddir},
	{"fd_renumber", "ii", (*System).fdRenumber},
	{"fd_seek", "ilii", (*System).fdSeek},
	{"fd_sync", "i", (*System).fdSync},
	{"fd_tell", "ii", (*System).fdTell},
	{"fd_write", "iiii", (*System).fdWrite},
	{"path_create_directory", "iii", (*System).pathCreateDirectory},
	{"path_filestat_get", "iiiii", (*System).pathFilestatGet},
	{"path_filestat_set_times", "iiiilli", (*System).pathFilestatSetTimes},
	{"path_link", "iiiiiii", (*System).pathLink},
	{"path_open", "iiiiillii", (*System).pathOpen},
	{"path_readlink", "iiiiii", (*System).pathReadlink},
	{"path_remove_directory", "iii", (*System).pathRemoveDirectory},
	{"path_rename", "iiiiii", (*System).pathRename},
	{"path_symlink", "iiiii", (*System).pathSymlink},
	{"path_unlink_file", "iii", (*System).pathUnlinkFile},
	{"poll_oneoff", "iiii", (*System).pollOneoff},
	{"proc_exit", "i", (*System).procExit},
	{"proc_raise", "i", nil},
	{"random_get", "ii", (*System).randomGet},
	{"sched_yield", "", (*System).schedYield},
	{"sock_accept", "iii", (*System).sockAccept},
	{"sock_recv", "iiiiii", (*System).sockAny},
	{"sock_send", "iiiii", (*System).sockAny},
	{"sock_shutdown", "ii", (*System).sockShutdown},
}

// HostFuncs returns the 46 functions of preview 1. Those that Unsupported lists are there too, so that every guest can
// be instantiated.
func (s *System) HostFuncs() []interp.HostFunc {
	funcs := make([]interp.HostFunc, len(functions))
	for i := range functions {
		f := &functions[i]
		funcs[i] = interp.HostFunc{Module: Module, Name: f.name, Type: f.typ(), Call: f.bind(s)}
	}
	return funcs
}

// Unsupported names the functions that give the guest ENOSYS, and the ones that have nothing to work on: without
// sockets, the functions of sockets give ENOTSOCK or EBADF.
func Unsupported() []string {
	var names []string
	for i := range functions {
		if functions[i].call == nil {
			names = append(names, functions[i].name)
		}
	}
	names = append(names, "sock_accept", "sock_recv", "sock_send", "sock_shutdown")
	slices.Sort(names)
	return names
}

func (f *function) typ() wasm.FuncType {
	var t wasm.FuncType
	for _, p := range f.params {
		v := wasm.I32
		if p == 'l' {
			v = wasm.I64
		}
		t.Params = append(t.Params, v)
	}
	if f.name != "proc_exit" {
		t.Results = []wasm.ValType{wasm.I32}
	}
	return t
}

// bind makes the function that the guest calls.
func (f *function) bind(s *System) func(c *interp.Caller, a []uint64) error {
	if f.call == nil {
		return func(_ *interp.Caller, a []uint64) error { return answer(a, ENOSYS) }
	}
	run := f.call
	return func(c *interp.Caller, a []uint64) error {
		var mem guest
		if m := c.Memory(); m != nil {
			mem = m.Bytes()
		}
		return answer(a, run(s, call{mem: mem, w: c}, a))
	}
}
