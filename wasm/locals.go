package wasm

import "sort"

// locals are the types of a function's parameters and locals.
//
// A run of 50,000 locals is written in five bytes, so a hostile module of a megabyte could ask for a hundred thousand
// such functions. Only as many types are laid out one by one as the body has bytes; the few locals behind them are
// found by their runs.
type locals struct {
	types []ValType // of the first locals
	count uint32    // of all
	plain int       // how many of types stand before the first local that has no initial value

	params []ValType
	runs   []LocalRun
	ends   []uint32 // index behind each run; filled only where types is shorter than count
}

// set takes the locals of a function whose body has size bytes.
func (l *locals) set(params []ValType, runs []LocalRun, size int) {
	room := expandBase + size
	l.params, l.runs, l.ends = params, runs, l.ends[:0]
	l.count = uint32(len(params))
	l.types = append(l.types[:0], params[:min(len(params), room)]...)
	for _, r := range runs {
		l.count += r.Count
		for range min(int(r.Count), room-len(l.types)) {
			l.types = append(l.types, r.Type)
		}
	}
	l.plain = l.firstUnset()
	if int(l.count) == len(l.types) {
		return
	}
	end := uint32(len(params))
	for _, r := range runs {
		end += r.Count
		l.ends = append(l.ends, end)
	}
}

// firstUnset is how many of the locals laid out stand before the first that has no initial value.
func (l *locals) firstUnset() int {
	n := len(l.params)
	for _, r := range l.runs {
		if r.Count > 0 && !r.Type.Defaultable() {
			break
		}
		n += int(r.Count)
	}
	return min(n, len(l.types))
}

// at returns the type of local i, which is below count.
func (l *locals) at(i uint32) ValType {
	if int(i) < len(l.types) {
		return l.types[i]
	}
	if int(i) < len(l.params) {
		return l.params[i]
	}
	return l.runs[sort.Search(len(l.ends), func(k int) bool { return i < l.ends[k] })].Type
}

// local validates local.get, local.set and local.tee.
func (v *validator) local(op Op) {
	off := v.pos
	i := v.u32()
	if i >= v.locals.count {
		v.invalid(off, "unknown local %d", i)
		return
	}
	t := v.locals.at(i)
	if int(i) >= v.locals.plain && int(i) >= len(v.locals.params) && !t.Defaultable() {
		v.initialize(off, op, i)
	}
	if op != OpLocalGet {
		v.pop(t)
	}
	if op != OpLocalSet {
		v.push(t)
	}
}

// initialize keeps account of local i, which has no initial value. It counts as set from local.set or local.tee to
// the end of the block in which that stands (specification 3.4.14).
func (v *validator) initialize(off int, op Op, i uint32) {
	switch {
	case v.isSet.has(i):
	case op == OpLocalGet:
		v.invalid(off, "uninitialized local %d", i)
	default:
		v.isSet.set(i)
		v.sets = append(v.sets, i)
	}
}

// unset forgets all but the first n locals that were set.
func (v *validator) unset(n int) {
	for _, i := range v.sets[n:] {
		v.isSet[i/64] &^= 1 << (i % 64)
	}
	v.sets = v.sets[:n]
}

// bitset is a set of indices that grows as it must.
type bitset []uint64

func (s *bitset) set(i uint32) {
	for int(i/64) >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[i/64] |= 1 << (i % 64)
}

func (s bitset) has(i uint32) bool {
	return int(i/64) < len(s) && s[i/64]&(1<<(i%64)) != 0
}
