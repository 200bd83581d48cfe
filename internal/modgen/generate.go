package modgen

import (
	"math/rand/v2"
	"slices"

	"github.com/godwit-vm/godwit/wasm"
)

// Config says what modules are like. The zero value is usable.
type Config struct {
	// Features are those that modules may use; 0 is [wasm.DefaultFeatures]. A module uses some of them. The first version
	// of WebAssembly is always there, and so are the features in [Base].
	Features wasm.Features
	// Fuel is how many functions and iterations a call may enter; 0 is DefaultFuel.
	Fuel uint32
	// Size is how many instructions, about, a function has at most; 0 is DefaultSize.
	Size int
}

// The defaults of a Config.
const (
	DefaultFuel = 400
	DefaultSize = 120
)

// Base are the features that every module may use, because what is around the code needs them.
const Base = wasm.FeatureMutableGlobals | wasm.FeatureSignExtension | wasm.FeatureSaturatingTrunc |
	wasm.FeatureMultiValue | wasm.FeatureBulkMemory | wasm.FeatureReferenceTypes

// rare is one in how many guards is left out, so that some instructions trap.
const rare = 60

// gen makes a module.
type gen struct {
	*rand.Rand
	m    *Module
	cfg  Config
	fuel uint32 // global index
	sum  uint32 // the global that probes add to

	structs, arrays, funcs []uint32 // type indices
	real                   int      // functions that random code may call: those before this index
	digest                 int      // the function that looks at objects, or -1
	digestFunc             int      // the same for functions
	ops                    operations
}

// Generate makes the module that seed stands for.
func Generate(seed uint64, cfg Config) *Module {
	if cfg.Features == 0 {
		cfg.Features = wasm.DefaultFeatures
	}
	if cfg.Fuel == 0 {
		cfg.Fuel = DefaultFuel
	}
	if cfg.Size == 0 {
		cfg.Size = DefaultSize
	}
	g := &gen{Rand: rand.New(rand.NewPCG(seed, 0x676f64776974)), m: &Module{Start: -1}, cfg: cfg, sum: 1, digest: -1, digestFunc: -1}
	g.chooseFeatures()
	g.ops = operationsOf(g.cfg.Features)
	g.types()
	g.memories()
	g.tables()
	g.tags()
	g.globals()
	g.segments()
	for i := range g.m.Funcs {
		g.function(uint32(i))
	}
	g.entries()
	g.observers()
	return g.m
}

// chooseFeatures leaves out some of the features, so that those that are left are met more often.
func (g *gen) chooseFeatures() {
	f := g.cfg.Features
	if g.one(4) {
		f &= wasm.Features(g.Uint64())
	}
	if !f.Has(wasm.FeatureFunctionReferences) {
		f &^= wasm.FeatureGC
	}
	if !f.Has(wasm.FeatureSIMD) {
		f &^= wasm.FeatureRelaxedSIMD
	}
	if !f.Has(wasm.FeatureExceptions) {
		f &^= wasm.FeatureLegacyExceptions // its tags are of that feature
	}
	g.cfg.Features = f | Base
	g.m.Features = g.cfg.Features
}

func (g *gen) has(f wasm.Features) bool { return g.cfg.Features.Has(f) }

// one is true once in n times.
func (g *gen) one(n int) bool { return g.IntN(n) == 0 }

// upTo is a number from a to b.
func (g *gen) upTo(a, b int) int { return a + g.IntN(b-a+1) }

func pick[T any](g *gen, list []T) T { return list[g.IntN(len(list))] }

func (g *gen) memories() {
	n := 1
	if g.has(wasm.FeatureMultiMemory) {
		n = g.upTo(1, 4)
	} else if g.has(wasm.FeatureThreads) && g.one(3) {
		n = 0
	}
	for range n {
		t := wasm.MemoryType{Limits: wasm.Limits{Min: uint64(g.upTo(1, 2)), Max: uint64(g.upTo(2, 4)), HasMax: true}}
		t.Is64 = g.has(wasm.FeatureMemory64) && g.one(3)
		if g.has(wasm.FeatureCustomPageSizes) && g.one(5) {
			t.OneByte = true
			t.Min, t.Max = uint64(g.upTo(300, 2000)), uint64(g.upTo(2000, 3000))
		}
		g.m.Memories = append(g.m.Memories, t)
	}
	if g.has(wasm.FeatureThreads) && (n == 0 || g.has(wasm.FeatureMultiMemory) && g.one(2)) {
		t := wasm.MemoryType{Limits: wasm.Limits{Min: 1, Max: uint64(g.upTo(1, 3)), HasMax: true}, Shared: true}
		t.Is64 = g.has(wasm.FeatureMemory64) && g.one(4)
		g.m.Memories = append(g.m.Memories, t)
	}
	for i, t := range g.m.Memories {
		if !t.Shared { // which not every embedding API can look into
			g.export(wasm.ExternMemory, "m", i)
		}
	}
}

func (g *gen) tables() {
	types := []wasm.ValType{wasm.FuncRef}
	for range g.upTo(0, 3) {
		types = append(types, g.nullable())
	}
	for i, elem := range types {
		t := wasm.TableType{Elem: elem, Limits: wasm.Limits{Min: uint64(g.upTo(8, 14)), HasMax: true}}
		t.Max = t.Min + uint64(g.upTo(0, 10))
		t.Is64 = i > 0 && g.has(wasm.FeatureMemory64) && g.one(3)
		table := Table{Type: t}
		if i > 0 && g.has(wasm.FeatureFunctionReferences) && g.one(2) {
			// An element that is never null wants an initial value.
			if g.one(2) {
				table.Type.Elem = elem.NonNull()
				if !g.constructible(table.Type.Elem) {
					table.Type.Elem = elem
				}
			}
			table.Init = g.constant(table.Type.Elem)
		}
		g.m.Tables = append(g.m.Tables, table)
	}
}

func (g *gen) tags() {
	if !g.has(wasm.FeatureExceptions) {
		return
	}
	for range g.upTo(1, 3) {
		var params []wasm.ValType
		for range g.upTo(0, 3) {
			params = append(params, g.valType())
		}
		g.m.Tags = append(g.m.Tags, g.funcType(params, nil))
	}
}

func (g *gen) globals() {
	g.m.Globals = []Global{
		{wasm.GlobalType{Type: wasm.I32, Mutable: true}, konst(wasm.I32, 0)}, {wasm.GlobalType{Type: wasm.I64, Mutable: true}, konst(wasm.I64, 0)},
	}
	for range g.upTo(3, 9) {
		t := wasm.GlobalType{Type: g.valType(), Mutable: !g.one(4)}
		init := g.constant(t.Type)
		if g.has(wasm.FeatureExtendedConst) && (t.Type == wasm.I32 || t.Type == wasm.I64) && g.one(2) {
			init = g.extended(t.Type)
		}
		g.m.Globals = append(g.m.Globals, Global{t, init})
	}
	for i, t := range g.m.Globals {
		if t.Type.Mutable {
			g.export(wasm.ExternGlobal, "g", i)
		}
	}
}

// extended is a constant expression with operands; globals before may be among them.
func (g *gen) extended(t wasm.ValType) *Instr {
	var of []*Instr
	for i, x := range g.m.Globals {
		if !x.Type.Mutable && x.Type.Type == t {
			of = append(of, &Instr{Op: wasm.OpGlobalGet, A: uint64(i), Results: one(t)})
		}
	}
	of = append(of, g.constant(t), g.constant(t))
	ops := map[wasm.ValType][]wasm.Op{
		wasm.I32: {wasm.OpI32Add, wasm.OpI32Sub, wasm.OpI32Mul},
		wasm.I64: {wasm.OpI64Add, wasm.OpI64Sub, wasm.OpI64Mul},
	}[t]
	return &Instr{Op: pick(g, ops), Args: []*Instr{of[0], of[len(of)-1]}, Results: one(t)}
}

// segments makes the segments, and the functions without bodies, which they name.
func (g *gen) segments() {
	n := max(len(g.funcs), g.upTo(3, 7))
	for i := range n {
		// Each type has a function, so that there is a reference to one.
		t := g.funcs[i%len(g.funcs)]
		g.m.Funcs = append(g.m.Funcs, &Func{Type: t})
	}
	g.real = n
	all := make([]uint32, n)
	for i := range all {
		all[i] = uint32(i)
	}
	// Whatever ref.func names must be declared.
	g.m.Elems = []Elem{{Mode: wasm.SegmentDeclarative, Type: wasm.FuncRef, Funcs: all}}
	first := slices.Clone(all)
	g.Shuffle(n, func(i, j int) { first[i], first[j] = first[j], first[i] })
	first = first[:min(n, int(g.m.Tables[0].Type.Min))]
	g.m.Elems = append(g.m.Elems, Elem{Mode: wasm.SegmentActive, Offset: konst(wasm.I32, 0), Type: wasm.FuncRef, Funcs: first})
	for range g.upTo(1, 3) {
		g.elem()
	}
	for range g.upTo(1, 4) {
		g.data()
	}
}

func (g *gen) elem() {
	s := Elem{Mode: wasm.SegmentPassive, Type: pick(g, g.m.Tables).Type.Elem}
	if len(g.arrays) > 0 && g.one(2) {
		if t := g.m.Types[pick(g, g.arrays)].Fields[0].Type; t.IsRef() {
			s.Type = t
		}
	}
	for range g.upTo(1, 5) {
		s.Exprs = append(s.Exprs, g.constant(s.Type))
	}
	table := g.IntN(len(g.m.Tables))
	if t := g.m.Tables[table].Type; t.Elem == s.Type && g.one(2) {
		s.Mode, s.Table = wasm.SegmentActive, uint32(table)
		s.Offset = konst(t.AddrType(), uint64(g.IntN(3)))
		s.Exprs = s.Exprs[:min(len(s.Exprs), int(t.Min)-2)]
	}
	g.m.Elems = append(g.m.Elems, s)
}

func (g *gen) data() {
	s := Data{Mode: wasm.SegmentPassive, Init: make([]byte, g.upTo(0, 80))}
	for i := range s.Init {
		s.Init[i] = byte(g.Uint32())
	}
	if g.one(2) {
		memory := g.IntN(len(g.m.Memories))
		t := g.m.Memories[memory]
		s.Mode, s.Memory = wasm.SegmentActive, uint32(memory)
		s.Offset = konst(t.AddrType(), uint64(g.IntN(200)))
	}
	g.m.Datas = append(g.m.Datas, s)
}

// export exports a thing under a letter and its index.
func (g *gen) export(kind wasm.ExternKind, prefix string, index int) string {
	name := prefix + itoa(index)
	g.m.Exports = append(g.m.Exports, wasm.Export{Name: name, Kind: kind, Index: uint32(index)})
	return name
}
