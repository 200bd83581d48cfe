package opt

import "github.com/godwit-vm/godwit/jit/ir"

// dce takes away values that have no effect and that nobody with an effect needs, phis that only need each other among them.
func dce(f *ir.Func) {
	live := make([]bool, f.NumValues())
	work := make([]*ir.Value, 0, 64)
	mark := func(v *ir.Value) {
		if !live[v.ID] {
			live[v.ID] = true
			work = append(work, v)
		}
	}
	for _, b := range f.Blocks {
		for _, v := range b.Values {
			if !removable(v) {
				mark(v)
			}
		}
		for len(work) > 0 {
			v := work[len(work)-1]
			work = work[:len(work)-1]
			for _, a := range v.Args {
				mark(a)
			}
			if v.Site != nil {
				for _, s := range v.Site.State {
					mark(s.Value)
				}
			}
		}
	}
	for _, b := range f.Blocks {
		keep := b.Values[:0]
		for _, v := range b.Values {
			if live[v.ID] {
				keep = append(keep, v)
			}
		}
		clear(b.Values[len(keep):])
		b.Values = keep
	}
}
