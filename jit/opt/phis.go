package opt

import "github.com/godwit-vm/godwit/jit/ir"

// phis replaces phis whose arguments are all the same value, or such phis of it. It supposes that all phis are
// what the first of their arguments is, and goes on until nothing speaks against what is left of that: so it sees through phis that only
// need each other.
func phis(f *ir.Func) {
	var all []*ir.Value
	order := f.ReversePostorder()
	for _, b := range order {
		for _, v := range b.Values {
			if v.Op != ir.OpPhi {
				break
			}
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return
	}
	is := make([]*ir.Value, f.NumValues()) // by ID of a phi; nil: nothing is known yet
	for changed := true; changed; {
		changed = false
		for _, v := range all {
			if is[v.ID] == v {
				continue
			}
			var same *ir.Value
			for _, a := range v.Args {
				w := a
				if a.Op == ir.OpPhi {
					if w = is[a.ID]; w == nil {
						continue
					}
				}
				if same != nil && same != w {
					same = v
					break
				}
				same = w
			}
			if same != is[v.ID] {
				is[v.ID] = same
				changed = true
			}
		}
	}
	r := rewriter{to: is}
	for _, v := range all {
		if is[v.ID] == v {
			is[v.ID] = nil
		} else if is[v.ID] != nil {
			r.some = true
		}
	}
	r.finish(f)
}
