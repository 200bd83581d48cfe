package modgen

import "github.com/godwit-vm/godwit/wasm"

// Shrink makes m smaller for as long as fails holds of it, and asks at most so many times. fails must also say no to what
// is not valid, which most of what it is asked about is not. m itself changes; it must fail to begin with.
func Shrink(m *Module, tries int, fails func(*Module) bool) {
	s := &shrinker{m: m, fails: fails, tries: tries}
	for s.progress = true; s.progress && s.tries > 0; {
		s.progress = false
		s.calls()
		s.functions()
		s.statements()
		s.expressions()
		s.things()
	}
}

// shrinker is a Shrink in progress.
type shrinker struct {
	m        *Module
	fails    func(*Module) bool
	tries    int
	progress bool
}

// keep asks about what has been changed, and undoes it if it does not fail any more.
func (s *shrinker) keep(undo func()) bool {
	if s.tries > 0 {
		s.tries--
		if s.fails(s.m) {
			s.progress = true
			return true
		}
	}
	undo()
	return false
}

// cut takes out of a list what can go, in pieces of half of it, of a quarter, and so on.
func cut[T any](s *shrinker, list *[]T) {
	for size := (len(*list) + 1) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(*list) && s.tries > 0; {
			old := *list
			*list = append(append([]T{}, old[:at]...), old[at+size:]...)
			if !s.keep(func() { *list = old }) {
				at += size
			}
		}
	}
}

func (s *shrinker) calls() {
	cut(s, &s.m.Calls)
	cut(s, &s.m.Exports)
}

// functions puts a trap in place of whole functions.
func (s *shrinker) functions() {
	for _, f := range s.m.Funcs {
		if len(f.Body) == 1 && f.Body[0].Op == wasm.OpUnreachable {
			continue
		}
		body, locals := f.Body, f.Locals
		f.Body, f.Locals = []*Instr{{Op: wasm.OpUnreachable}}, nil
		s.keep(func() { f.Body, f.Locals = body, locals })
	}
}

// statements takes instructions out of every list of them.
func (s *shrinker) statements() {
	for _, f := range s.m.Funcs {
		var all []*[]*Instr
		lists(&f.Body, func(l *[]*Instr) { all = append(all, l) })
		for _, l := range all {
			cut(s, l)
		}
		for len(f.Locals) > 0 {
			old := f.Locals
			f.Locals = old[:len(old)-1]
			if !s.keep(func() { f.Locals = old }) {
				break
			}
		}
	}
}

// expressions puts something simpler in place of each expression.
func (s *shrinker) expressions() {
	for _, f := range s.m.Funcs {
		var visit func(l *[]*Instr)
		visit = func(l *[]*Instr) {
			for at := 0; at < len(*l); at++ {
				for _, simpler := range simplifications((*l)[at]) {
					old := (*l)[at]
					(*l)[at] = simpler
					if s.keep(func() { (*l)[at] = old }) {
						break
					}
				}
				i := (*l)[at]
				if i.Canonical {
					visit(&i.Args[0].Args)
					continue
				}
				visit(&i.Args)
				visit(&i.Body)
				visit(&i.Else)
				cut(s, &i.Catches)
				for c := range i.Catches {
					visit(&i.Catches[c].Body)
				}
			}
		}
		visit(&f.Body)
	}
}

// simplifications are what could stand in place of i.
func simplifications(i *Instr) (of []*Instr) {
	if len(i.Results) == 1 {
		t := i.Results[0]
		switch {
		case t.IsRef() && t.Nullable() && i.Op != wasm.OpRefNull:
			of = append(of, &Instr{Op: wasm.OpRefNull, Ref: t, Results: i.Results})
		case !t.IsRef() && (konst(t, 0).Op != i.Op || i.A != 0 || i.B != 0):
			of = append(of, konst(t, 0))
		}
		if len(i.Args) == 0 && i.Body == nil {
			return of
		}
		for _, a := range i.Args {
			if i.Canonical {
				break
			}
			if len(a.Results) == 1 && a.Results[0] == t {
				of = append(of, a)
			}
		}
	}
	if len(i.Body) > 0 {
		of = append(of, &Instr{Op: opSeq, Args: append(append([]*Instr{}, i.Args...), i.Body...), Results: i.Results})
		if i.Op != wasm.OpBlock && len(i.Args) > 0 {
			of = append(of, &Instr{Op: opSeq, Args: i.Body, Results: i.Results})
		}
	}
	if len(i.Else) > 0 {
		of = append(of, &Instr{Op: opSeq, Args: i.Else, Results: i.Results})
	}
	return of
}

// things makes globals and segments simple, and takes out of all index spaces what nothing refers to.
func (s *shrinker) things() {
	for n := range s.m.Globals {
		g := &s.m.Globals[n]
		for _, simpler := range simplifications(g.Init) {
			old := g.Init
			g.Init = simpler
			if s.keep(func() { g.Init = old }) {
				break
			}
		}
	}
	for n := range s.m.Elems {
		cut(s, &s.m.Elems[n].Funcs)
		if len(s.m.Elems[n].Exprs) > 1 {
			cut(s, &s.m.Elems[n].Exprs)
		}
	}
	for n := range s.m.Datas {
		cut(s, &s.m.Datas[n].Init)
	}
	if s.m.Start >= 0 {
		old := s.m.Start
		s.m.Start = -1
		s.keep(func() { s.m.Start = old })
	}
	for space := range spaces {
		for n := s.m.count(space) - 1; n >= 0; n-- {
			smaller := s.m.clone()
			if !smaller.remove(space, n) {
				continue
			}
			old := *s.m
			*s.m = *smaller
			s.keep(func() { *s.m = old })
		}
	}
}
