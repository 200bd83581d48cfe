package wasi

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godwit-vm/godwit/wasm"
)

// witx has the parameters of preview 1's functions as its ABI gives them.
const witx = `
args_get i32 i32
args_sizes_get i32 i32
environ_get i32 i32
environ_sizes_get i32 i32
clock_res_get i32 i32
clock_time_get i32 i64 i32
fd_advise i32 i64 i64 i32
fd_allocate i32 i64 i64
fd_close i32
fd_datasync i32
fd_fdstat_get i32 i32
fd_fdstat_set_flags i32 i32
fd_fdstat_set_rights i32 i64 i64
fd_filestat_get i32 i32
fd_filestat_set_size i32 i64
fd_filestat_set_times i32 i64 i64 i32
fd_pread i32 i32 i32 i64 i32
fd_prestat_get i32 i32
fd_prestat_dir_name i32 i32 i32
fd_pwrite i32 i32 i32 i64 i32
fd_read i32 i32 i32 i32
fd_readdir i32 i32 i32 i64 i32
fd_renumber i32 i32
fd_seek i32 i64 i32 i32
fd_sync i32
fd_tell i32 i32
fd_write i32 i32 i32 i32
path_create_directory i32 i32 i32
path_filestat_get i32 i32 i32 i32 i32
path_filestat_set_times i32 i32 i32 i32 i64 i64 i32
path_link i32 i32 i32 i32 i32 i32 i32
path_open i32 i32 i32 i32 i32 i64 i64 i32 i32
path_readlink i32 i32 i32 i32 i32 i32
path_remove_directory i32 i32 i32
path_rename i32 i32 i32 i32 i32 i32
path_symlink i32 i32 i32 i32 i32
path_unlink_file i32 i32 i32
poll_oneoff i32 i32 i32 i32
proc_exit i32
proc_raise i32
random_get i32 i32
sched_yield
sock_accept i32 i32 i32
sock_recv i32 i32 i32 i32 i32 i32
sock_send i32 i32 i32 i32 i32
sock_shutdown i32 i32
`

func TestEveryFunctionHasItsType(t *testing.T) {
	h := newHost(t, NewConfig())
	var got strings.Builder
	got.WriteByte('\n')
	for _, f := range h.s.HostFuncs() {
		if f.Module != Module || f.Call == nil {
			t.Errorf("%s is of module %q", f.Name, f.Module)
		}
		got.WriteString(f.Name)
		for _, p := range f.Type.Params {
			got.WriteString(" " + p.String())
		}
		got.WriteByte('\n')
		want := []wasm.ValType{wasm.I32}
		if f.Name == "proc_exit" {
			want = nil
		}
		if d := cmp.Diff(want, f.Type.Results); d != "" {
			t.Errorf("%s: results (-want +got):\n%s", f.Name, d)
		}
	}
	if d := cmp.Diff(witx, got.String()); d != "" {
		t.Errorf("functions (-want +got):\n%s", d)
	}
}

func TestUnsupportedOnlyShrinks(t *testing.T) {
	want := []string{"proc_raise", "sock_accept", "sock_recv", "sock_send", "sock_shutdown"}
	if d := cmp.Diff(want, Unsupported()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// No arguments do harm: bad pointers, counts, descriptors and flags are errors, whatever they are combined with.
func TestHostileArguments(t *testing.T) {
	values := []uint64{0, 1, 3, 4, 0x1000, memLen - 4, memLen, 0x7fffffff, 0xffffffff, 1 << 63, 1<<64 - 1}
	h, dir := dirHost(t)
	writeFile(t, dir+"/f", "text")
	h.w.wake = make(chan struct{})
	close(h.w.wake) // nothing waits
	for i := range functions {
		f := &functions[i]
		if f.call == nil || f.name == "fd_close" || f.name == "fd_renumber" || f.name == "fd_allocate" {
			continue
		}
		args := make([]uint64, len(f.params)+1)
		for seed := range 3000 {
			for k := range args {
				seed = seed*31 + k + 7
				args[k] = values[uint(seed)%uint(len(values))]
			}
			err := f.call(h.s, call{mem: h.mem, w: &h.w}, args)
			if _, ok := err.(Errno); err != nil && !ok && err != errSuspend && f.name != "proc_exit" {
				t.Fatalf("%s%x: %v", f.name, args, err)
			}
		}
	}
}

func TestPointersOutsideOfMemoryAreEFAULT(t *testing.T) {
	h, _ := dirHost(t)
	fd := h.mustOpen(3, "f", oflagCreat, rw)
	h.vec(4)
	for _, c := range []struct {
		name string
		args []uint64
	}{
		{"args_sizes_get", []uint64{memLen, 0}},
		{"args_sizes_get", []uint64{0, memLen - 3}},
		{"clock_time_get", []uint64{0, 0, memLen - 7}},
		{"clock_res_get", []uint64{0, 0xffffffff}},
		{"random_get", []uint64{memLen - 4, 5}},
		{"random_get", []uint64{0, 0xffffffff}},
		{"fd_read", []uint64{fd, memLen - 4, 1, atOut}},
		{"fd_read", []uint64{fd, atIov, 1, memLen - 3}},
		{"fd_write", []uint64{fd, 0xfffffff8, 2, atOut}},
		{"fd_pread", []uint64{fd, atIov, 1, 0, memLen}},
		{"fd_pwrite", []uint64{fd, atIov, 1, 0, memLen}},
		{"fd_seek", []uint64{fd, 0, 0, memLen - 4}},
		{"fd_tell", []uint64{fd, memLen - 4}},
		{"fd_fdstat_get", []uint64{fd, memLen - 23}},
		{"fd_filestat_get", []uint64{fd, memLen - 63}},
		{"fd_prestat_get", []uint64{3, memLen - 7}},
		{"fd_prestat_dir_name", []uint64{3, memLen, 1}},
		{"fd_readdir", []uint64{3, memLen - 10, 11, 0, atOut}},
		{"path_create_directory", []uint64{3, memLen, 1}},
		{"path_filestat_get", []uint64{3, 0, atPath, 1, memLen - 63}},
		{"path_open", []uint64{3, 0, atPath, 1, 0, rw, 0, 0, memLen}},
		{"poll_oneoff", []uint64{0, 0x1000, 1, memLen}},
		{"poll_oneoff", []uint64{memLen - 47, 0x1000, 1, atOut}},
		{"poll_oneoff", []uint64{0, memLen - 31, 1, atOut}},
		{"poll_oneoff", []uint64{0, 0, 0xffffffff, atOut}},
	} {
		h.want(EFAULT, c.name, c.args...)
	}
}

func TestVectorsAreBounded(t *testing.T) {
	h, _ := dirHost(t)
	fd := h.mustOpen(3, "f", oflagCreat, rw)
	h.want(EINVAL, "fd_write", fd, 0, maxIovecs+1, atOut)
	h.vec(4)
	h.mem[atIov+4+2] = 0x10 // 1 MiB
	h.want(EFAULT, "fd_write", fd, atIov, 1, atOut)
}

func TestArgsAndEnv(t *testing.T) {
	c := NewConfig().WithArgs("prog", "", "ü").WithEnv("A", "1").WithEnv("B", "").WithEnv("A", "2=3")
	h := newHost(t, c)
	for _, f := range []struct {
		name string
		want []string
	}{{"args", []string{"prog", "", "ü"}}, {"environ", []string{"B=", "A=2=3"}}} {
		h.ok(f.name+"_sizes_get", atOut, atOut2)
		n, size := int(h.u32(atOut)), int(h.u32(atOut2))
		h.ok(f.name+"_get", atIov, atData)
		var got []string
		for i := range n {
			b := h.mem[h.u32(atIov+4*i):]
			got = append(got, string(b[:bytes.IndexByte(b, 0)]))
		}
		if d := cmp.Diff(f.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", f.name, d)
		}
		if want := len(strings.Join(f.want, "0")) + 1; size != want {
			t.Errorf("%s takes %d bytes, want %d", f.name, size, want)
		}
		h.want(EFAULT, f.name+"_get", atIov, memLen-3)
		h.want(EFAULT, f.name+"_get", memLen-2, atData)
	}
}

func TestConfigIsImmutable(t *testing.T) {
	base := NewConfig().WithArgs("a").WithEnv("A", "1")
	base.WithArgs("b").WithEnv("A", "2").WithEnv("B", "3").WithDir("/", "/", false)
	if d := cmp.Diff([]string{"a"}, base.args); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"A=1"}, base.env); d != "" {
		t.Error(d)
	}
	if len(base.dirs) != 0 {
		t.Error("a mount was added to the original")
	}
}

func TestBadConfigs(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]*Config{
		"zero byte in an argument":   NewConfig().WithArgs("a\x00b"),
		"zero byte in a variable":    NewConfig().WithEnv("A", "\x00"),
		"mount without a guest name": NewConfig().WithDir(dir, "", false),
		"folder that is not there":   NewConfig().WithDir(dir+"/none", "/", false),
	} {
		if s, err := New(c); err == nil {
			s.Close()
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestProcExit(t *testing.T) {
	h := newHost(t, NewConfig())
	_, err := h.try("proc_exit", 1<<32|42)
	if x, ok := err.(*ExitError); !ok || x.Code != 42 || x.Error() != "exit status 42" {
		t.Errorf("proc_exit gave %v", err)
	}
	h.want(ENOSYS, "proc_raise", 6)
	h.ok("sched_yield")
}

func TestSocketFunctionsFindNoSockets(t *testing.T) {
	h := newHost(t, NewConfig())
	h.want(ENOTSOCK, "sock_shutdown", 1, 1)
	h.want(EBADF, "sock_shutdown", 9, 1)
	h.want(EINVAL, "sock_shutdown", 1, 0)
	h.want(ENOTSOCK, "sock_accept", 1, 0, 0)
	h.want(EBADF, "sock_recv", 9, 0, 0, 0, 0, 0)
	h.want(ENOTSOCK, "sock_send", 1, 0, 0, 0, 0)
}

func TestErrnos(t *testing.T) {
	for i := range errnos {
		if errnos[i].name == "" {
			t.Errorf("errno %d has no row", i)
		}
	}
	for _, c := range []struct {
		err  error
		want Errno
	}{
		{nil, Success}, {EIO, EIO}, {os.ErrNotExist, ENOENT}, {os.ErrClosed, EBADF}, {io.ErrUnexpectedEOF, EIO},
		{&os.PathError{Err: os.ErrPermission}, EACCES},
	} {
		if got := errnoOf(c.err); got != c.want {
			t.Errorf("%v is %v, want %v", c.err, got, c.want)
		}
	}
	if ENOTCAPABLE != 76 || EPERM != 63 || ENOSYS != 52 || Errno(200).String() != "errno(200)" {
		t.Error("the codes are not those of preview 1")
	}
}

// The functions that programs spend their time in allocate nothing.
func TestHotPathsDoNotAllocate(t *testing.T) {
	in := bytes.NewReader(make([]byte, 1<<20))
	dir := t.TempDir()
	h := newHost(t, NewConfig().WithStdin(in).WithStdout(io.Discard).WithDir(dir, "/", false))
	file := h.mustOpen(3, "f", oflagCreat, rw)
	h.write(file, long(1000))
	for _, c := range []struct {
		name string
		vecs []int
		args []uint64
	}{
		{"fd_write", []int{20}, []uint64{1, atIov, 1, atOut}},
		{"fd_write", []int{20, 1}, []uint64{1, atIov, 2, atOut}},
		{"fd_write", []int{20}, []uint64{file, atIov, 1, atOut}},
		{"fd_read", []int{20}, []uint64{0, atIov, 1, atOut}},
		{"fd_pread", []int{20}, []uint64{file, atIov, 1, 0, atOut}},
		{"fd_seek", nil, []uint64{file, 0, 2, atOut}},
		{"clock_time_get", nil, []uint64{0, 0, atOut}},
		{"clock_time_get", nil, []uint64{1, 0, atOut}},
		{"random_get", nil, []uint64{atData, 32}},
		{"fd_fdstat_get", nil, []uint64{1, atOut}},
	} {
		h.vec(c.vecs...)
		var run func(*System, call, []uint64) error
		for i := range functions {
			if functions[i].name == c.name {
				run = functions[i].call
			}
		}
		a, w := make([]uint64, 8), waiter(&h.w)
		n := testing.AllocsPerRun(100, func() {
			copy(a, c.args)
			if err := answer(a, run(h.s, call{mem: h.mem, w: w}, a)); err != nil || a[0] != 0 {
				t.Fatalf("%s: %v %v", c.name, Errno(a[0]), err)
			}
		})
		if n != 0 {
			t.Errorf("%s%v allocates %v times", c.name, c.args, n)
		}
	}
}
