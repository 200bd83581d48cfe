package wasm

import (
	"cmp"
	"fmt"
	"slices"
)

// Line is a place in the source that a module was compiled from.
type Line struct {
	File string // as the compiler was told it; with its directory where that is known
	Line int    // from 1
	Col  int    // from 1, or 0 where the compiler did not say
}

// String writes the place as compilers do: main.c:12:5.
func (l Line) String() string {
	if l.Col == 0 {
		return fmt.Sprintf("%s:%d", l.File, l.Line)
	}
	return fmt.Sprintf("%s:%d:%d", l.File, l.Line, l.Col)
}

// LineAt finds the source line of the instruction at an offset of the module's bytes, by the module's DWARF sections.
// It reports false where there are none, or they are broken, or say nothing of that instruction.
//
// The first call reads the section of line programs once; each call then reads the part for one function.
func (m *Module) LineAt(offset uint32) (line Line, ok bool) {
	m.lazy.linesOnce.Do(func() { m.lazy.lines = m.readLines() })
	if offset < m.codeStart {
		return Line{}, false
	}
	// DWARF for WebAssembly counts addresses from the start of the code section's contents.
	return m.lazy.lines.find(uint64(offset - m.codeStart))
}

// lineTable finds lines. What it keeps is where each sequence of rows starts; the rows are read when a line is asked
// for. It needs no more than the line programs themselves and the strings they point to: the tree of entries in
// .debug_info, by which debuggers come to them, is not read at all, so that of the hostile things that can be said
// there none can be said to us.
type lineTable struct {
	strings   lineStrings
	line      []byte // .debug_line
	sequences []lineSequence
}

// lineSequence is a run of rows in the order of addresses, which covers a function or so.
type lineSequence struct {
	low, high uint64 // addresses
	program   int    // offset of the program's header in .debug_line
	start     int    // offset of the sequence's first opcode
}

// readLines lists the sequences of all the line programs, up to the first program that is broken.
func (m *Module) readLines() *lineTable {
	t := &lineTable{
		line:    m.custom(".debug_line"),
		strings: lineStrings{str: m.custom(".debug_str"), lineStr: m.custom(".debug_line_str")},
	}
	for pos := 0; pos < len(t.line); {
		p, ok := readLineProgram(t.line, pos)
		if !ok {
			break
		}
		t.addSequences(p, uint64(len(m.Bytes)))
		pos = p.end
	}
	slices.SortStableFunc(t.sequences, func(a, b lineSequence) int { return cmp.Compare(a.low, b.low) })
	return t
}

// addSequences runs a program to see where its sequences start and what they cover. Code that the linker left out
// keeps its sequences, at address 0, where no code is, or behind all code, whose end cannot be behind end.
func (t *lineTable) addSequences(p *lineProgram, end uint64) {
	m := p.machine(p.start)
	for {
		s := lineSequence{program: p.header, start: m.pos}
		rows := 0
		for ; m.next(); rows++ {
			if rows == 0 {
				s.low = m.row.addr
			}
			if m.row.end {
				break
			}
		}
		if !m.row.end {
			return
		}
		s.high = m.row.addr
		if s.low > 0 && s.low < s.high && s.high <= end {
			t.sequences = append(t.sequences, s)
		}
	}
}

// find looks an address up.
func (t *lineTable) find(addr uint64) (Line, bool) {
	i, _ := slices.BinarySearchFunc(t.sequences, addr, func(s lineSequence, a uint64) int {
		if s.low <= a {
			return -1
		}
		return 1
	})
	if i == 0 || addr >= t.sequences[i-1].high {
		return Line{}, false
	}
	s := t.sequences[i-1]
	p, ok := readLineProgram(t.line, s.program)
	if !ok {
		return Line{}, false
	}
	// A row holds from its address to the next row's.
	var last lineRow
	for m := p.machine(s.start); m.next() && m.row.addr <= addr; {
		if m.row.end {
			return Line{}, false
		}
		last = m.row
	}
	if last.line == 0 {
		return Line{}, false // code of the compiler's own making
	}
	file, ok := p.fileName(last.file, &t.strings)
	return Line{File: file, Line: int(last.line), Col: int(last.col)}, ok
}

// custom returns the contents of the first custom section of that name.
func (m *Module) custom(name string) []byte {
	for i := range m.Customs {
		if m.Customs[i].Name == name {
			return m.Customs[i].Data
		}
	}
	return nil
}
