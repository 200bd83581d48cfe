package jit

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/godwit-vm/godwit/interp"
)

// keptText has calls, loops, faults, and steps: with operands below, with a v128 among them, and with references.
const keptText = `(module (memory 1) (table 4 funcref) (type $s (struct (field i32)))
	(func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
	(func $grow (param i32) (result i32)
		(i32.add (call $twice (local.get 0)) (memory.grow (i32.const 1))))
	(func $fill (param i32) (result i32) (local v128)
		(i32x4.extract_lane 0 (i32x4.splat (local.get 0)))
		(v128.const i32x4 1 2 3 4)
		(memory.fill (i32.const 8) (i32.const 1) (local.get 0))
		(i32x4.extract_lane 2)
		(i32.add))
	(func $object (param i32) (result i32)
		(struct.new $s (local.get 0))
		(table.set (i32.const 1) (ref.func $twice))
		(struct.get $s 0)
		(call_indirect (param i32) (result i32) (i32.const 1)))
	(elem declare func $twice)
	(func (export "f") (param $n i32) (result i32) (local $x i32)
		(loop $l
			(local.set $x (i32.add (local.get $x) (call $twice (local.get $n))))
			(i32.store (i32.shl (local.get $n) (i32.const 2)) (local.get $x))
			(br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
		(i32.add (i32.add (call $grow (local.get $x)) (call $fill (i32.const 5))) (call $object (i32.const 9)))))`

// run calls f once and returns what it gave and what the tier did.
func runKept(t *testing.T, c Config) (uint64, Stats) {
	t.Helper()
	tier, err := New(c)
	if err != nil {
		t.Skip("NOT TESTED: ", err)
	}
	if _, err := targetID(); err != nil {
		t.Skip("NOT TESTED: ", err)
	}
	m := parse(t, keptText)
	tier.Attach(m)
	got := call(t, m, "f", 20)
	tier.queue.wait(10 * time.Second)
	if err := tier.Flush(); err != nil {
		t.Error(err)
	}
	return got, tier.Stats()
}

func onlyFile(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	return filepath.Join(dir, list[0].Name())
}

func TestASecondRunCompilesNothing(t *testing.T) {
	plain, _ := runKept(t, Config{Mode: All})
	for name, mode := range map[string]Mode{"all": All, "auto": Auto} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "code")
			got, s := runKept(t, Config{Mode: All, CacheDir: dir})
			if got != plain || s.Compiled != 5 || s.Loaded != 0 {
				t.Errorf("%d, not %d; %+v", got, plain, s)
			}
			file := onlyFile(t, dir)
			for path, want := range map[string]os.FileMode{dir: 0o700, file: 0o600} {
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
					t.Errorf("%s: %v, %v", path, info.Mode(), err)
				}
			}
			if got, s = runKept(t, Config{Mode: mode, CacheDir: dir}); got != plain || s.Compiled != 0 || s.Loaded != 5 {
				t.Errorf("%d, not %d; %+v", got, plain, s)
			}
		})
	}
}

func TestCodeMadeAheadIsUsed(t *testing.T) {
	plain, _ := runKept(t, Config{Mode: All})
	file := filepath.Join(t.TempDir(), "x.gwc")
	if path, err := WriteCode(parse(t, keptText), file, nil); err != nil || path != file {
		t.Fatal(path, err)
	}
	if got, s := runKept(t, Config{Mode: Auto, CodeFile: file}); got != plain || s.Compiled != 0 || s.Loaded != 5 {
		t.Errorf("%d, not %d; %+v", got, plain, s)
	}
	dir := t.TempDir()
	if _, err := WriteCode(parse(t, keptText), dir, nil); err != nil {
		t.Fatal(err)
	}
	if got, s := runKept(t, Config{Mode: All, CacheDir: dir}); got != plain || s.Compiled != 0 || s.Loaded != 5 {
		t.Errorf("%d, not %d; %+v", got, plain, s)
	}
}

// TestUnitsThatAreNotInTheFileAreCompiled, when they are hot, though everything is heard of at once.
func TestUnitsThatAreNotInTheFileAreCompiled(t *testing.T) {
	dir := t.TempDir()
	_, s := runKept(t, Config{Mode: All, CacheDir: dir})
	file := onlyFile(t, dir)
	id := keptID(t)
	c, err := openCacheFile(file, id)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	e := c.index.at(0)
	b, err := c.payload(&e, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeCacheFile(file, id, nil, []freshUnit{{e.key, e.shape, b}}); err != nil {
		t.Fatal(err)
	}
	if _, s = runKept(t, Config{Mode: Auto, CacheDir: dir}); s.Loaded != 1 || s.Compiled != 0 {
		t.Errorf("%+v", s)
	}
	if _, s = runKept(t, Config{Mode: All, CacheDir: dir}); s.Loaded != 1 || s.Compiled != 4 {
		t.Errorf("%+v", s)
	}
	if _, s = runKept(t, Config{Mode: All, CacheDir: dir}); s.Loaded != 5 || s.Compiled != 0 {
		t.Errorf("%+v", s)
	}
}

func keptID(t testing.TB) cacheID {
	target, err := targetID()
	if err != nil {
		t.Skip("NOT TESTED: ", err)
	}
	return cacheID{parseModule(t, keptText).Hash(), target}
}

func parseModule(t testing.TB, text string) *interp.Module {
	b, ok := t.(*testing.T)
	if !ok {
		b = &testing.T{}
	}
	return parse(b, text)
}

// keptFile is a small code file.
func keptFile(t testing.TB) (file string, b []byte) {
	file = filepath.Join(t.TempDir(), "x.gwc")
	if _, err := WriteCode(parseModule(t, keptText), file, nil); err != nil {
		t.Skip("NOT TESTED: ", err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return file, b
}

// intact counts the units that can be used, and says why the file cannot be.
func intact(file string, id cacheID) (int, error) {
	c, err := openCacheFile(file, id)
	if err != nil {
		return 0, err
	}
	defer c.close()
	n := 0
	for i := range c.index.len() {
		e := c.index.at(i)
		if _, err := c.payload(&e, nil); err == nil {
			n++
		}
	}
	return n, nil
}

func TestEveryDamageIsNoticed(t *testing.T) {
	file, b := keptFile(t)
	id := keptID(t)
	if n, err := intact(file, id); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	payloads := cacheHeader + 5*cacheEntrySize
	check := func(what string, at, want int) {
		n, err := intact(file, id)
		if n != want || (err != nil) != (want == 0) || err != nil && !unusable(err) {
			t.Fatalf("%s at %d of %d: %d units, %v", what, at, len(b), n, err)
		}
	}
	for at := range b {
		want := 0
		if at >= payloads {
			want = 4
		}
		b[at] ^= 1 << (at % 8)
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		check("damage", at, want)
		b[at] ^= 1 << (at % 8)
	}
	for at := range b {
		if err := os.WriteFile(file, b[:at], 0o600); err != nil {
			t.Fatal(err)
		}
		check("an end", at, 0)
	}
	if err := os.WriteFile(file, append(bytes.Clone(b), 0), 0o600); err != nil {
		t.Fatal(err)
	}
	check("a byte too many", len(b), 0)
}

// TestDamagedFilesAreMadeAnew and never run.
func TestDamagedFilesAreMadeAnew(t *testing.T) {
	plain, _ := runKept(t, Config{Mode: All})
	dir := t.TempDir()
	runKept(t, Config{Mode: All, CacheDir: dir})
	file := onlyFile(t, dir)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		damage func(b []byte) []byte
		loaded int64
	}{
		"empty":            {func(b []byte) []byte { return nil }, 0},
		"something else":   {func(b []byte) []byte { return []byte("#!/bin/sh\n") }, 0},
		"the header":       {func(b []byte) []byte { b[20] ^= 1; return b }, 0},
		"the index":        {func(b []byte) []byte { b[cacheHeader+1] ^= 1; return b }, 0},
		"a unit":           {func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, 4},
		"all zeros":        {func(b []byte) []byte { clear(b); return b }, 0},
		"zeros at the end": {func(b []byte) []byte { clear(b[len(b)-100:]); return b }, 4},
		"half of it":       {func(b []byte) []byte { return b[:len(b)/2] }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, test.damage(bytes.Clone(whole)), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, s := runKept(t, Config{Mode: All, CacheDir: dir}); got != plain || s.Loaded != test.loaded || s.Compiled != 5-test.loaded {
				t.Errorf("%d, not %d; %+v", got, plain, s)
			}
			if got, s := runKept(t, Config{Mode: All, CacheDir: dir}); got != plain || s.Loaded != 5 || s.Compiled != 0 {
				t.Errorf("the second time: %d, not %d; %+v", got, plain, s)
			}
		})
	}
}

func TestCodeOfOthersIsNotUsed(t *testing.T) {
	file, b := keptFile(t)
	id := keptID(t)
	for name, test := range map[string]struct {
		id   cacheID
		want error
	}{
		"another module":        {cacheID{[32]byte{1}, id.target}, errOtherCode},
		"another host or build": {cacheID{id.module, [32]byte{1}}, errOtherHost},
		"everything as it is":   {id, nil},
	} {
		c, err := openCacheFile(file, test.id)
		if c.close(); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	index := cacheIndex(b[cacheHeader:][:5*cacheEntrySize])
	old := append(bytes.Clone(b[:8]), 0xFF, 0, 0, 0)
	old = append(old, b[12:cacheHeader-sumSize]...)
	sum := sumOf(old, index)
	old = append(append(old, sum[:]...), b[cacheHeader:]...)
	if err := os.WriteFile(file, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openCacheFile(file, id); !errors.Is(err, errNoCode) {
		t.Errorf("another version: %v", err)
	}
}

// TestTheInterpretersCodeMustBeTheSame, for units name its instructions.
func TestTheInterpretersCodeMustBeTheSame(t *testing.T) {
	plain, _ := runKept(t, Config{Mode: All})
	dir := t.TempDir()
	runKept(t, Config{Mode: All, CacheDir: dir})
	file, id := onlyFile(t, dir), keptID(t)
	c, err := openCacheFile(file, id)
	if err != nil {
		t.Fatal(err)
	}
	var units []freshUnit
	for i := range c.index.len() {
		e := c.index.at(i)
		b, err := c.payload(&e, nil)
		if err != nil {
			t.Fatal(err)
		}
		units = append(units, freshUnit{e.key, e.shape ^ 1, b})
	}
	c.close()
	if err := writeCacheFile(file, id, nil, units); err != nil {
		t.Fatal(err)
	}
	if got, s := runKept(t, Config{Mode: All, CacheDir: dir}); got != plain || s.Loaded != 0 || s.Compiled != 5 {
		t.Errorf("%d, not %d; %+v", got, plain, s)
	}
}

func TestTwoWritersLeaveAWholeFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.gwc")
	id := cacheID{module: [32]byte{1}}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range 25 {
				u := freshUnit{cacheKey{unitKey{uint32(w), n, n%2 != 0}, interp.NativeMemory{}}, 7, bytes.Repeat([]byte{byte(w)}, 100+n)}
				if err := mergeCacheFile(file, id, []freshUnit{u}); err != nil {
					t.Error(err)
				}
				c, err := openCacheFile(file, id)
				if err != nil {
					t.Error(err)
					continue
				}
				for i := range c.index.len() {
					e := c.index.at(i)
					if _, err := c.payload(&e, nil); err != nil {
						t.Error(err)
					}
				}
				c.close()
			}
		})
	}
	wg.Wait()
	// Alone, nothing that was written is lost.
	n, err := intact(file, id)
	if err != nil {
		t.Fatal(err)
	}
	if err := mergeCacheFile(file, id, []freshUnit{{cacheKey{unitKey{99, -1, false}, interp.NativeMemory{}}, 7, []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	if after, err := intact(file, id); err != nil || after != n+1 {
		t.Error(n, after, err)
	}
	onlyFile(t, filepath.Dir(file))
}

func TestUnitsAreReadAsTheyWereWritten(t *testing.T) {
	file, _ := keptFile(t)
	c, err := openCacheFile(file, keptID(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	tier, _ := newTier(t, All)
	m := parse(t, keptText)
	tier.Attach(m)
	steps := 0
	for i := range c.index.len() {
		e := c.index.at(i)
		b, err := c.payload(&e, nil)
		if err != nil {
			t.Fatal(err)
		}
		shape, err := m.NativeShape(e.key.fn)
		if err != nil || shape.Sum != e.shape {
			t.Fatal(shape, err)
		}
		stored, err := readUnit(b, m, e.key.fn)
		if err != nil {
			t.Fatal(err)
		}
		u, err := stored.unit(e.key, func() (*interp.NativePoints, error) { return m.NativePoints(e.key.fn, -1) })
		if err != nil {
			t.Fatal(err)
		}
		for k := range u.Sites {
			if u.Sites[k].Step != nil {
				steps++
			}
		}
		if again := appendUnit(nil, u, stored.code, stored.entry, stored.fast, shapesOf(m)); !bytes.Equal(again, b) {
			t.Errorf("function %d is another one", e.key.fn)
		}
		if _, ok := c.index.find(e.key); !ok {
			t.Error(e.key)
		}
	}
	if steps < 3 {
		t.Errorf("there are %d steps", steps)
	}
}

// FuzzUnit reads units whose sums are right, whatever is in them.
func FuzzUnit(f *testing.F) {
	m := parseModule(f, keptText)
	tier, err := New(Config{Mode: All})
	if err != nil {
		f.Skip("NOT TESTED: ", err)
	}
	tier.Attach(m)
	file, _ := keptFile(f)
	c, err := openCacheFile(file, keptID(f))
	if err != nil {
		f.Fatal(err)
	}
	for i := range c.index.len() {
		e := c.index.at(i)
		b, err := c.payload(&e, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(e.key.fn, b)
	}
	c.close()
	f.Fuzz(func(t *testing.T, fn uint32, b []byte) {
		if fn >= 5 {
			return
		}
		stored, err := readUnit(b, m, fn)
		if err != nil {
			return
		}
		stored.unit(cacheKey{unitKey: unitKey{fn: fn, loop: -1}}, func() (*interp.NativePoints, error) { return m.NativePoints(fn, -1) })
	})
}

// FuzzCodeFile opens whatever files there are, and reads the units of those that can be opened.
func FuzzCodeFile(f *testing.F) {
	_, b := keptFile(f)
	f.Add(b)
	f.Add(b[:cacheHeader])
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < cacheHeader {
			b = append(b, make([]byte, cacheHeader-len(b))...)
		}
		// The sum is made right, so that what is behind it is reached.
		b = bytes.Clone(b)
		var id cacheID
		copy(id.module[:], b[16:])
		copy(id.target[:], b[48:])
		n := min(int(uint64(b[12])|uint64(b[13])<<8)*cacheEntrySize, len(b)-cacheHeader)
		sum := sumOf(b[:cacheHeader-sumSize], b[cacheHeader:][:n])
		copy(b[cacheHeader-sumSize:], sum[:])
		c, err := readCacheFile(bytes.NewReader(b), int64(len(b)), id)
		if err != nil {
			return
		}
		for i := range c.index.len() {
			e := c.index.at(i)
			if found, ok := c.index.find(e.key); !ok || found != e {
				t.Errorf("%v is not found", e.key)
			}
			if p, err := c.payload(&e, nil); err == nil && len(p) != int(e.size) {
				t.Errorf("%d bytes, not %d", len(p), e.size)
			}
		}
	})
}

func TestBuildIDsAreFound(t *testing.T) {
	if _, err := targetID(); err != nil {
		t.Skip("NOT TESTED: ", err)
	}
	exe, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	id, err := buildIDOf(exe[:64<<10])
	if err != nil || len(id) < 20 {
		t.Fatalf("%q, %v", id, err)
	}
	for n := range 4096 {
		if got, err := buildIDOf(exe[:n]); err == nil && got != id {
			t.Fatalf("of %d bytes: %q", n, got)
		}
	}
	if _, err := buildIDOf(bytes.Repeat([]byte{0xFF}, 4096)); err == nil {
		t.Error("something was found where nothing is")
	}
}
