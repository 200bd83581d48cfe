package wasm

import (
	"bytes"
	"runtime"
	"testing"
)

func repeat(n int, parts ...any) []byte { return bytes.Repeat(join(parts...), n) }

func TestLimits(t *testing.T) {
	fn := func(locals int, code ...any) []byte {
		return module(
			section(secType, vector(funcType(nil, nil), funcType(nil, manyTypes(maxResults)))),
			section(secFunc, vector(leb(0), leb(1))),
			section(secCode, vector(sized(1, leb(locals), I32, join(code...), OpEnd), body(OpUnreachable))))
	}
	blocks := func(n int) []byte { return fn(0, repeat(n, OpBlock, 0x40), repeat(n, OpEnd)) }
	// Every call pushes maxResults values.
	calls := func(n int) []byte { return fn(0, repeat(n, OpCall, 1), OpReturn) }
	constants := func(n int) []byte { return fn(0, repeat(n, OpI32Const, 0), OpReturn) }
	memories := func(n int) []byte { return module(section(secMemory, leb(n), repeat(n, 0, 0))) }
	for _, c := range []struct {
		name     string
		ok, over []byte
		want     string
	}{
		{"parameters", module(section(secType, vector(funcType(manyTypes(maxParams), nil)))),
			module(section(secType, vector(funcType(manyTypes(maxParams+1), nil)))), "too many parameters: 1001"},
		{"results", module(section(secType, vector(funcType(nil, manyTypes(maxResults))))),
			module(section(secType, vector(funcType(nil, manyTypes(maxResults+1))))), "too many results: 1001"},
		{"types", nil, module(section(secType, leb(maxTypes+1))), "too many types"},
		{"functions", nil, module(section(secFunc, leb(maxFuncs+1))), "too many functions"},
		{"exports", nil, module(section(secExport, leb(maxExports+1))), "too many exports"},
		{"data segments", nil, module(section(secData, leb(maxDataSegments+1))), "too many data segments"},
		{"memories", memories(maxMemories), memories(maxMemories + 1), "too many memories"},
		{"locals", fn(maxLocals), fn(maxLocals + 1), "too many locals: 50001"},
		{"nesting", blocks(maxNesting - 1), blocks(maxNesting), "blocks nested too deep"},
		{"operands of calls", calls(maxHeight / maxResults), calls(maxHeight/maxResults + 1), "operand stack too high"},
		{"operands of constants", constants(maxHeight), constants(maxHeight + 1), "operand stack too high"},
		{"body size", fn(0, repeat(maxBodySize-4, OpNop)), fn(0, repeat(maxBodySize-3, OpNop)), "function body too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.ok != nil {
				mustDecode(t, c.ok)
			}
			_, err := Decode(c.over, DefaultFeatures)
			checkError(t, err, ErrLimit, c.want)
		})
	}
}

// differentTypes is a vector of n types of which no two are the same.
func differentTypes(n int) []byte {
	b := leb(n)
	for i := range n {
		typ := structType()
		if i > 0 {
			typ = structType(ref(uint32(i-1)), 0)
		}
		b = append(b, typ...)
	}
	return b
}

func manyTypes(n int) []ValType {
	list := make([]ValType, n)
	for i := range list {
		list[i] = I32
	}
	return list
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// maxPerByte is how many bytes Decode may allocate for one of its input, on top of allocBase. The worst that can be
// made is a list of recursion groups of structures without fields, which take two bytes each.
const (
	maxPerByte = 160
	allocBase  = 4 << 20
)

// TestHostileCountsAllocateLittle says that a count is not believed.
func TestHostileCountsAllocateLittle(t *testing.T) {
	oneType := section(secType, vector(funcType(nil, nil)))
	table := section(secTable, vector(join(FuncRef, 0, 1)))
	memory := section(secMemory, vector(join(0, 1)))
	many := leb(1_000_000)
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"types", module(section(secType, many))},
		{"parameters", module(section(secType, 1, 0x60, leb(1000)))},
		{"imports", module(section(secImport, many))},
		{"functions", module(oneType, section(secFunc, many))},
		{"tables", module(section(secTable, leb(100_000)))},
		{"globals", module(section(secGlobal, many))},
		{"exports", module(section(secExport, many))},
		{"segments", module(table, section(secElem, many))},
		{"elements", module(table, section(secElem, 1, 1, 0, leb(10_000_000)))},
		{"element expressions", module(table, section(secElem, 1, 5, FuncRef, leb(10_000_000)))},
		{"data", module(memory, section(secData, leb(100_000)))},
		{"runs of locals", module(oneType, section(secFunc, vector(leb(0))), section(secCode, 1, 6, leb64(1<<32-1), OpEnd))},
		{"br_table", module(oneType, section(secFunc, vector(leb(0))), section(secCode, vector(body(OpBrTable, leb64(1<<32-1)))))},
		{"a recursion group", module(section(secType, vector(join(formRec, many))))},
		{"fields", module(section(secType, vector(join(formStruct, leb(10_000)))))},
		{"supertypes", module(section(secType, vector(join(formSub, many))))},
		{"tags", module(oneType, section(secTag, many))},
		{"catch clauses", typedFunc(nil, nil, OpTryTable, 0x40, many)},
		{"operands of array.new_fixed", typedFunc(nil, nil, OpUnreachable, OpArrayNewFixed, 2, many)},
		{"names", module(section(secImport, 1, leb64(1<<32-1)))},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := allocated(func() {
				if _, err := Decode(c.b, DefaultFeatures); err == nil {
					t.Error("no error")
				}
			})
			if n > 64<<10 {
				t.Errorf("%d bytes allocated for %d bytes of input", n, len(c.b))
			}
		})
	}
}

// TestMemoryStaysInProportion decodes the valid modules that stand for the most memory with the fewest bytes.
func TestMemoryStaysInProportion(t *testing.T) {
	const n = 100_000
	oneType := section(secType, vector(funcType(nil, nil)))
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"types", module(section(secType, leb(n), repeat(n, 0x60, 0, 0)))},
		{"types of one group", module(section(secType, vector(join(formRec, leb(n), repeat(n, formStruct, 0)))))},
		{"types in groups", module(section(secType, leb(n/10), repeat(n/10, formRec, leb(10), repeat(10, formStruct, 0))))},
		{"different types", module(section(secType, differentTypes(n)))},
		{"tags", module(oneType, section(secTag, leb(n), repeat(n, 0, 0)))},
		{"functions", module(oneType, section(secFunc, leb(n), repeat(n, 0)), section(secCode, leb(n), repeat(n, 2, 0, OpEnd)))},
		{"functions with many locals", module(oneType, section(secFunc, leb(n), repeat(n, 0)), section(secCode, leb(n), repeat(n, sized(1, leb(maxLocals), I64, OpEnd))))},
		{"imports", module(oneType, section(secImport, leb(n), repeat(n, 0, 0, 0, 0)))},
		{"segments", module(section(secElem, leb(n), repeat(n, 1, 0, 0)))},
		{"data", module(section(secData, leb(n), repeat(n, 1, 0)))},
		{"custom sections", module(repeat(n, 0, 1, 0))},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := allocated(func() { mustDecode(t, c.b) })
			if most := uint64(maxPerByte*len(c.b) + allocBase); got > most {
				t.Errorf("%d bytes allocated for %d bytes of input, at most %d", got, len(c.b), most)
			}
		})
	}
}

// TestLocalsBehindTheLaidOut reads locals that the validator finds by their runs: of a short body with many.
func TestLocalsBehindTheLaidOut(t *testing.T) {
	params := append(manyTypes(500), F64)
	fn := func(local int, result ValType) []byte {
		return module(
			section(secType, vector(funcType(params, types(result)))),
			section(secFunc, vector(leb(0))),
			section(secCode, vector(sized(vector(join(leb(100), I64), join(0, F32), join(leb(1000), FuncRef)), OpLocalGet, leb(local), OpEnd))))
	}
	for _, c := range []struct {
		local int
		typ   ValType
	}{{0, I32}, {499, I32}, {500, F64}, {501, I64}, {600, I64}, {601, FuncRef}, {1600, FuncRef}} {
		mustDecode(t, fn(c.local, c.typ))
	}
	_, err := Decode(fn(1601, FuncRef), DefaultFeatures)
	checkError(t, err, ErrInvalid, "unknown local 1601")
	_, err = Decode(fn(600, FuncRef), DefaultFeatures)
	checkError(t, err, ErrInvalid, "type mismatch: end expects funcref, found i64")
}
