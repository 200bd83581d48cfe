package ir

import (
	"fmt"

	"github.com/godwit-vm/godwit/interp"
	"github.com/godwit-vm/godwit/wasm"
)

// Verify checks that f is well-formed: that its graph is sound, that what is computed with is computed before, that operands have
// the types they need, and that whatever can leave has a site. Functions that Target.Select has been through have opcodes that
// only the target knows: of those, nothing is known here but that they have arguments.
func Verify(f *Func) error {
	v := verifier{f: f}
	if err := v.graph(); err != nil {
		return fmt.Errorf("ir: %s: %w", f.Name, err)
	}
	if err := v.values(); err != nil {
		return fmt.Errorf("ir: %s: %w", f.Name, err)
	}
	return nil
}

type verifier struct {
	f     *Func
	loops *LoopInfo
	at    []int32 // by Value.ID: 1 + its index in its block
	in    []*Block
}

// graph checks blocks and edges.
func (v *verifier) graph() error {
	f := v.f
	if f.Entry == nil || len(f.Blocks) == 0 || f.Blocks[0] != f.Entry {
		return fmt.Errorf("the entry is not the first block")
	}
	if len(f.Entry.Preds) > 0 {
		return fmt.Errorf("the entry has predecessors")
	}
	listed := make([]bool, f.nextBlock)
	for _, b := range f.Blocks {
		if b.ID < 0 || b.ID >= f.nextBlock || listed[b.ID] {
			return fmt.Errorf("%s: an ID that is out of bounds or taken", b)
		}
		listed[b.ID] = true
	}
	count := func(list []*Block, b *Block) (n int) {
		for _, l := range list {
			if l == b {
				n++
			}
		}
		return n
	}
	v.at, v.in = make([]int32, f.nextValue), make([]*Block, f.nextValue)
	for _, b := range f.Blocks {
		for _, s := range b.Succs {
			if int(s.ID) >= len(listed) || !listed[s.ID] {
				return fmt.Errorf("%s: successor %s is not in the function", b, s)
			}
			if count(b.Succs, s) != count(s.Preds, b) {
				return fmt.Errorf("%s: not as often a predecessor of %s as that is a successor", b, s)
			}
		}
		for _, p := range b.Preds {
			if int(p.ID) >= len(listed) || !listed[p.ID] || count(p.Succs, b) == 0 {
				return fmt.Errorf("%s: predecessor %s does not lead here", b, p)
			}
		}
		term := b.Term()
		if term == nil {
			return fmt.Errorf("%s: no terminator", b)
		}
		ok := false
		switch n := len(b.Succs); term.Op {
		case OpJump:
			ok = n == 1
		case OpIf:
			ok = n == 2
		case OpSwitch:
			ok = n >= 1
		default:
			ok = n == 0
		}
		if !ok {
			return fmt.Errorf("%s: %s with %d successors", b, OpName(term.Op), len(b.Succs))
		}
		phis := true
		for i, x := range b.Values {
			if x.ID < 0 || x.ID >= f.nextValue || v.at[x.ID] != 0 {
				return fmt.Errorf("%s: %s: an ID that is out of bounds or taken", b, x)
			}
			v.at[x.ID], v.in[x.ID] = int32(i+1), b
			if x.Block != b {
				return fmt.Errorf("%s: %s says that it is in %s", b, x, x.Block)
			}
			if x.IsTerminator() && i != len(b.Values)-1 {
				return fmt.Errorf("%s: a terminator in the middle", b)
			}
			if x.Op != OpPhi {
				phis = false
			} else if !phis {
				return fmt.Errorf("%s: phi %s behind other values", b, x)
			} else if len(x.Args) != len(b.Preds) {
				return fmt.Errorf("%s: %s has %d arguments for %d predecessors", b, x, len(x.Args), len(b.Preds))
			}
		}
	}
	return nil
}

// values checks operands.
func (v *verifier) values() error {
	v.loops = v.f.Dominators()
	for _, b := range v.f.Blocks {
		if v.loops.Place(b) < 0 {
			continue
		}
		for i, x := range b.Values {
			for k, a := range x.Args {
				if a == nil {
					return fmt.Errorf("%s: %s has no argument %d", b, x.LongString(), k)
				}
				if x.Op == OpPhi {
					if v.loops.Place(b.Preds[k]) >= 0 && !v.available(a, b.Preds[k], 1<<30) {
						return fmt.Errorf("%s: %s: argument %s does not dominate %s", b, x.LongString(), a, b.Preds[k])
					}
					continue
				}
				if !v.available(a, b, i) {
					return fmt.Errorf("%s: %s: argument %s is not computed before", b, x.LongString(), a)
				}
			}
			if x.Site != nil {
				for _, s := range x.Site.State {
					if s.Value == nil || s.Value.Type == Void || !v.available(s.Value, b, i) {
						return fmt.Errorf("%s: %s: %s of the state is not computed before", b, x.LongString(), s.Value)
					}
				}
			}
			if err := v.check(x); err != nil {
				return fmt.Errorf("%s: %s: %w", b, x.LongString(), err)
			}
		}
	}
	return nil
}

// available tells whether a has been computed at index i of b.
func (v *verifier) available(a *Value, b *Block, i int) bool {
	if a.ID < 0 || int(a.ID) >= len(v.at) || v.at[a.ID] == 0 || v.in[a.ID].Values[v.at[a.ID]-1] != a {
		return false
	}
	if v.in[a.ID] == b {
		return int(v.at[a.ID]) <= i
	}
	return v.loops.Dominates(v.in[a.ID], b)
}

// opSigs are the types of operands and results of opcodes that wasm does not have: a letter for each operand, a colon, the result; ? is
// for any type but void, * for any number of any types.
var opSigs = map[Op]string{
	OpConst: ":?", OpParam: ":?", OpSlotLoad: ":?", OpSlotStore: "?:", OpMemBase: ":l", OpInstWord: ":l",
	OpLoadWord: "l:?", OpStoreWord: "l?:", OpTrapIf: "i:", OpCall: "l*", OpCallRecord: "l*", OpCheckType: "ll:", OpLeave: ":", OpPoll: ":",
	wasm.OpMemoryCopy: "l?l??:", wasm.OpMemoryFill: "l?i?:",
	OpCopy: "?:?", OpJump: ":", OpIf: "i:", OpSwitch: "i:", OpReturn: "*",
	OpTailCall: "l*", OpTailCallRecord: "l*", OpTailCallSelf: "*", OpExit: ":", OpTrap: ":",
}

var sigLetters = map[byte]Type{'i': I32, 'l': I64, 'f': F32, 'd': F64, 'v': V128}

func (v *verifier) check(x *Value) error {
	if x.Type > V128 {
		return fmt.Errorf("no type")
	}
	if !IsTarget(x.Op) {
		if err := checkTypes(x); err != nil {
			return err
		}
	}
	return v.checkSite(x)
}

func checkTypes(x *Value) error {
	switch x.Op {
	case OpPhi:
		if x.Type == Void {
			return fmt.Errorf("no type")
		}
		for _, a := range x.Args {
			if a.Type != x.Type {
				return fmt.Errorf("%s is of type %s", a, a.Type)
			}
		}
		return nil
	case wasm.OpSelect:
		if len(x.Args) != 3 || x.Type == Void || x.Args[0].Type != x.Type || x.Args[1].Type != x.Type || x.Args[2].Type != I32 {
			return fmt.Errorf("operands have the wrong types")
		}
		return nil
	}
	if sig, ok := opSigs[x.Op]; ok {
		return checkSig(x, sig)
	}
	info := x.Op.Info()
	if info == nil || !info.Fixed || len(info.Results) > 1 {
		return fmt.Errorf("not an opcode that values can have")
	}
	args := x.Args
	switch info.Imm {
	case wasm.ImmMemarg, wasm.ImmMemargAtomic, wasm.ImmMemargLane:
		if len(args) == 0 || args[0].Type != I64 {
			return fmt.Errorf("no base")
		}
		args = args[1:]
	}
	if len(args) != len(info.Params) {
		return fmt.Errorf("%d operands, not %d", len(args), len(info.Params))
	}
	for i, p := range info.Params {
		if p == wasm.Addr && (args[i].Type == I32 || args[i].Type == I64) {
			continue
		}
		if args[i].Type != TypeOf(p) {
			return fmt.Errorf("%s is of type %s", args[i], args[i].Type)
		}
	}
	want := Void
	if len(info.Results) == 1 {
		want = TypeOf(info.Results[0])
	}
	if x.Type != want && (want == Void || info.Results[0] != wasm.Addr) {
		return fmt.Errorf("the result is of type %s", want)
	}
	return nil
}

func checkSig(x *Value, sig string) error {
	args := x.Args
	for i := 0; i < len(sig); i++ {
		switch c := sig[i]; c {
		case '*':
			for _, a := range args {
				if a.Type == Void {
					return fmt.Errorf("%s has no type", a)
				}
			}
			return nil
		case ':':
			if len(args) > 0 {
				return fmt.Errorf("%d operands too many", len(args))
			}
			want := sig[i+1:]
			switch {
			case want == "":
				if x.Type != Void {
					return fmt.Errorf("has no result")
				}
			case want == "?":
				if x.Type == Void {
					return fmt.Errorf("no type")
				}
			case x.Type != sigLetters[want[0]]:
				return fmt.Errorf("the result is of type %s", sigLetters[want[0]])
			}
			return nil
		default:
			if len(args) == 0 {
				return fmt.Errorf("not enough operands")
			}
			if a := args[0]; a.Type == Void || c != '?' && a.Type != sigLetters[c] {
				return fmt.Errorf("%s is of type %s", a, a.Type)
			}
			args = args[1:]
		}
	}
	return nil
}

// checkSite checks sites, and what only some opcodes have.
func (v *verifier) checkSite(x *Value) error {
	need := func(kinds ...interp.SiteKind) error {
		if x.Site == nil {
			return fmt.Errorf("no site")
		}
		for _, k := range kinds {
			if x.Site.Kind == k {
				return nil
			}
		}
		return fmt.Errorf("the wrong kind of site")
	}
	if x.Site != nil {
		for _, s := range x.Site.State {
			if int(s.Slot)+s.Value.Type.Slots() > v.f.Room {
				return fmt.Errorf("slot %d is beyond the frame", s.Slot)
			}
		}
	}
	switch x.Op {
	case OpSlotLoad, OpSlotStore:
		t := x.Type
		if x.Op == OpSlotStore {
			t = x.Args[0].Type
		}
		if x.Imm+uint64(t.Slots()) > uint64(v.f.Room) {
			return fmt.Errorf("slot %d is beyond the frame", x.Imm)
		}
	case OpParam:
		if x.Block != v.f.Entry || x.Imm >= uint64(len(v.f.Params)) || v.f.Params[x.Imm] != x.Type {
			return fmt.Errorf("no such parameter here")
		}
	case OpLoadWord, OpStoreWord:
		t := x.Type
		if x.Op == OpStoreWord {
			t = x.Args[1].Type
		}
		switch x.Width {
		case 1, 2:
			if t != I32 && t != I64 {
				return fmt.Errorf("%d bytes of type %s", x.Width, t)
			}
		case 4, 8, 16:
			if int(x.Width) > t.Size() {
				return fmt.Errorf("%d bytes of type %s", x.Width, t)
			}
		default:
			return fmt.Errorf("%d bytes", x.Width)
		}
	case OpTrapIf, OpTrap:
		return need(interp.SiteTrap)
	case OpCall, OpCallRecord:
		return need(interp.SiteCall)
	case OpCheckType:
		return need(interp.SiteType)
	case OpPoll:
		return need(interp.SitePoll)
	case OpExit:
		return need(interp.SiteExit, interp.SiteSide)
	case OpLeave:
		if err := need(interp.SiteImport, interp.SiteStep); err != nil {
			return err
		}
		if (x.Site.Step == nil) != (x.Site.Kind == interp.SiteImport) {
			return fmt.Errorf("a step belongs to SiteStep")
		}
	}
	if x.Guarded {
		return need(interp.SiteFault)
	}
	return nil
}
