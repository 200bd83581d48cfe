package ir

import (
	"fmt"
	"strings"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasm"
)

// The textual form, which String writes and Parse reads. A function is a header, and its blocks in layout order:
//
//	func 3 "name" loop=-1 room=9 (i32, f64) fixed
//	b0:
//		v0:i32 = param 0
//		v1:i32 = const -5
//		v2:i32 = i32.load8_u v7, v0 imm=8 guarded @fault{pos=73 trap=5}
//		slot_store v2 imm=1
//		poll @poll{pos=80 point=4 acc=-1 state=[0:v0 3:v1]}
//		if v2 b1, b2
//	b1(b0, b4) cold:
//		v9:i32 = phi v0, v3
//		...
//
// Behind a block's name stand its predecessors. Values without a result have no name: their IDs are not kept.

// irNames are the names of the opcodes that wasm does not have.
var irNames = [...]string{"const", "param", "phi", "slot_load", "slot_store", "mem_base", "inst_word", "load_word", "store_word",
	"trap_if", "call", "call_record", "check_type", "leave", "poll", "copy", "jump", "if", "switch", "return",
	"tail_call", "tail_call_record", "tail_call_self", "exit", "trap"}

// siteNames are the kinds of sites.
var siteNames = [...]string{interp.SiteCall: "call", interp.SiteEntry: "entry", interp.SitePoll: "poll", interp.SiteImport: "import",
	interp.SiteStep: "step", interp.SiteType: "type", interp.SiteExit: "exit", interp.SiteTrap: "trap", interp.SiteFault: "fault",
	interp.SiteSide: "side"}

// OpName is the name of an opcode in the textual form.
func OpName(op Op) string {
	switch {
	case IsTarget(op):
		return fmt.Sprintf("target.%d", op-OpTarget)
	case op >= OpConst && int(op-OpConst) < len(irNames):
		return irNames[op-OpConst]
	}
	return op.String()
}

// opByName is the reverse of OpName.
func opByName(name string) (Op, bool) {
	for i, n := range irNames {
		if n == name {
			return OpConst + Op(i), true
		}
	}
	if n, ok := strings.CutPrefix(name, "target."); ok {
		var t uint32
		if _, err := fmt.Sscanf(n, "%d", &t); err == nil && t < 0x10000 {
			return OpTarget + Op(t), true
		}
		return 0, false
	}
	return wasm.OpByName(name)
}

// String is the textual form of f.
func (f *Func) String() string {
	var w strings.Builder
	fmt.Fprintf(&w, "func %d %q loop=%d room=%d (", f.Index, f.Name, f.Loop, f.Room)
	for i, p := range f.Params {
		if i > 0 {
			w.WriteString(", ")
		}
		w.WriteString(p.String())
	}
	w.WriteByte(')')
	if f.Mem0Fixed {
		w.WriteString(" fixed")
	}
	if f.Counts {
		w.WriteString(" counts")
	}
	w.WriteByte('\n')
	for _, b := range f.Blocks {
		fmt.Fprintf(&w, "b%d", b.ID)
		for i, p := range b.Preds {
			fmt.Fprintf(&w, "%sb%d", [...]string{"(", ", "}[min(i, 1)], p.ID)
		}
		if len(b.Preds) > 0 {
			w.WriteByte(')')
		}
		if b.Cold {
			w.WriteString(" cold")
		}
		w.WriteString(":\n")
		for _, v := range b.Values {
			w.WriteByte('\t')
			w.WriteString(v.LongString())
			if v.IsTerminator() {
				for i, s := range b.Succs {
					sep := ", "
					if i == 0 {
						sep = " "
					}
					fmt.Fprintf(&w, "%sb%d", sep, s.ID)
				}
			}
			w.WriteByte('\n')
		}
	}
	return w.String()
}

// String is the value's name.
func (v *Value) String() string {
	if v == nil {
		return "nil"
	}
	return fmt.Sprintf("v%d", v.ID)
}

// String is the block's name.
func (b *Block) String() string {
	if b == nil {
		return "nil"
	}
	return fmt.Sprintf("b%d", b.ID)
}

// LongString is the value with all that belongs to it, successors excepted.
func (v *Value) LongString() string {
	var w strings.Builder
	if v.Type != Void {
		fmt.Fprintf(&w, "v%d:%s = ", v.ID, v.Type)
	}
	w.WriteString(OpName(v.Op))
	imm := v.Imm != 0
	aux := v.Aux != 0
	switch v.Op {
	case OpConst:
		switch v.Type {
		case I32:
			fmt.Fprintf(&w, " %d", int32(v.Imm))
		case I64:
			fmt.Fprintf(&w, " %d", int64(v.Imm))
		case V128:
			fmt.Fprintf(&w, " %#x %#x", v.Imm, v.Aux)
			aux = false
		default:
			fmt.Fprintf(&w, " %#x", v.Imm)
		}
		imm = false
	case OpParam:
		fmt.Fprintf(&w, " %d", v.Imm)
		imm = false
	}
	for i, a := range v.Args {
		sep := ", "
		if i == 0 {
			sep = " "
		}
		w.WriteString(sep)
		w.WriteString(a.String())
	}
	if imm {
		fmt.Fprintf(&w, " imm=%d", v.Imm)
	}
	if aux {
		fmt.Fprintf(&w, " aux=%d", v.Aux)
	}
	if v.Mem != 0 {
		fmt.Fprintf(&w, " mem=%d", v.Mem)
	}
	if v.Width != 0 {
		fmt.Fprintf(&w, " width=%d", v.Width)
	}
	if v.Guarded {
		w.WriteString(" guarded")
	}
	if v.Folded {
		w.WriteString(" folded")
	}
	if v.Site != nil {
		w.WriteString(" @")
		w.WriteString(v.Site.String())
	}
	return w.String()
}

// writeInlined writes what a place is inlined in, outermost first: function, point behind the call and base of each.
func writeInlined(w *strings.Builder, n *interp.NativeInline) {
	if n.Parent != nil {
		writeInlined(w, n.Parent)
		w.WriteByte(',')
	}
	fmt.Fprintf(w, "%d:%d:%d", n.Func, n.Point, n.Base)
}

// String is the site's textual form.
func (s *Site) String() string {
	var w strings.Builder
	name := "?"
	if int(s.Kind) < len(siteNames) {
		name = siteNames[s.Kind]
	}
	fmt.Fprintf(&w, "%s{pos=%d", name, s.Pos)
	for _, n := range [...]struct {
		name  string
		value int
	}{{"point", s.Point}, {"acc", s.Acc}, {"args", s.ArgSlot}, {"callee", int(s.Callee)}, {"trap", int(s.Trap)}, {"mark", int(s.Mark)}} {
		if n.value != 0 {
			fmt.Fprintf(&w, " %s=%d", n.name, n.value)
		}
	}
	if s.Inlined != nil {
		w.WriteString(" in=")
		writeInlined(&w, s.Inlined)
	}
	if s.Step != nil {
		w.WriteString(" step")
	}
	if len(s.State) > 0 {
		w.WriteString(" state=[")
		for i, sv := range s.State {
			if i > 0 {
				w.WriteByte(' ')
			}
			fmt.Fprintf(&w, "%d:%s", sv.Slot, sv.Value)
		}
		w.WriteByte(']')
	}
	w.WriteByte('}')
	return w.String()
}
