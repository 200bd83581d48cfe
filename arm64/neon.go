package arm64

import "github.com/godwit-vm/godwit/jit/ir"

// golang-asm knows few vector instructions, so they are encoded here: by the bits that do not depend on the operands, with
// lanes of bytes, or of single-precision numbers, where an instruction has several arrangements. The others are had by adding a
// size, or the bits below. The names are checked with a disassembler.
const (
	neonAND  = 0x4E201C00
	neonBIC  = 0x4E601C00
	neonORR  = 0x4EA01C00
	neonEOR  = 0x6E201C00
	neonBSL  = 0x6E601C00
	neonBIT  = 0x6EA01C00
	neonADD  = 0x4E208400
	neonSUB  = 0x6E208400
	neonMUL  = 0x4E209C00
	neonADDP = 0x4E20BC00

	neonSQADD    = 0x4E200C00
	neonUQADD    = 0x6E200C00
	neonSQSUB    = 0x4E202C00
	neonUQSUB    = 0x6E202C00
	neonURHADD   = 0x6E201400
	neonSQRDMULH = 0x6E20B400

	neonCMEQ  = 0x6E208C00
	neonCMGT  = 0x4E203400
	neonCMHI  = 0x6E203400
	neonCMGE  = 0x4E203C00
	neonCMHS  = 0x6E203C00
	neonSMAX  = 0x4E206400
	neonUMAX  = 0x6E206400
	neonSMIN  = 0x4E206C00
	neonUMIN  = 0x6E206C00
	neonSSHL  = 0x4E204400
	neonUSHL  = 0x6E204400
	neonUMAXP = 0x6E20A400

	neonFADD  = 0x4E20D400
	neonFSUB  = 0x4EA0D400
	neonFMUL  = 0x6E20DC00
	neonFDIV  = 0x6E20FC00
	neonFMAX  = 0x4E20F400
	neonFMIN  = 0x4EA0F400
	neonFCMEQ = 0x4E20E400
	neonFCMGE = 0x6E20E400
	neonFCMGT = 0x6EA0E400
	neonFMLA  = 0x4E20CC00
	neonFMLS  = 0x4EA0CC00

	neonCNT     = 0x4E205800
	neonNOT     = 0x6E205800
	neonABS     = 0x4E20B800
	neonNEG     = 0x6E20B800
	neonCMEQ0   = 0x4E209800
	neonSADDLP  = 0x4E202800
	neonUADDLP  = 0x6E202800
	neonSQXTN   = 0x0E214800
	neonSQXTUN  = 0x2E212800
	neonUQXTN   = 0x2E214800
	neonFCVTN   = 0x0E616800 // to two single-precision numbers
	neonFCVTL   = 0x0E617800 // from two single-precision numbers
	neonFABS    = 0x4EA0F800
	neonFNEG    = 0x6EA0F800
	neonFSQRT   = 0x6EA1F800
	neonFRINTN  = 0x4E218800
	neonFRINTM  = 0x4E219800
	neonFRINTP  = 0x4EA18800
	neonFRINTZ  = 0x4EA19800
	neonFCVTZS  = 0x4EA1B800
	neonFCVTZU  = 0x6EA1B800
	neonSCVTF   = 0x4E21D800
	neonUCVTF   = 0x6E21D800
	neonADDV    = 0x4E31B800
	neonUMINV   = 0x6E31A800
	neonSMULL   = 0x0E20C000
	neonUMULL   = 0x2E20C000
	neonSSHLL   = 0x0F00A400 // these and the next have the amount in bits 16 to 22
	neonUSHLL   = 0x2F00A400
	neonSSHR    = 0x4F000400
	neonUSHR    = 0x6F000400
	neonSHL     = 0x4F005400
	neonZIP1    = 0x4E003800
	neonZIP2    = 0x4E007800
	neonUZP1    = 0x4E001800
	neonUZP2    = 0x4E005800
	neonTRN1    = 0x4E002800
	neonTRN2    = 0x4E006800
	neonEXT     = 0x6E000000 // the index is in bits 11 to 14
	neonREV64   = 0x4E200800
	neonREV32   = 0x6E200800
	neonREV16   = 0x4E201800
	neonTBL     = 0x4E000000 // of one register
	neonTBL2    = 0x4E002000 // of two registers that follow each other
	neonDUPLane = 0x4E000400 // these and the next have the lane in bits 16 to 20
	neonDUP     = 0x4E000C00 // of an integer register
	neonSMOVW   = 0x0E002C00
	neonUMOVW   = 0x0E003C00
	neonUMOVX   = 0x4E083C00 // of lanes of 64 bits
	neonINS     = 0x4E001C00 // of an integer register
	neonINSLane = 0x6E000400 // of another vector's lane 0
	neonMOVLane = 0x5E000400 // a lane as a scalar
	neonLD1R    = 0x4D40C000

	neonHigh   = 1 << 30 // the form that takes, or makes, the upper half
	neonDouble = 1 << 22 // the form for double-precision numbers
)

// neonSize is the size of lanes as bits 22 and 23 have it: 0 for bytes, to 3 for 64 bits.
func neonSize(size uint32) uint32 { return size << 22 }

// neonLane is a lane as bits 16 to 20 have it.
func neonLane(size, lane uint32) uint32 { return (lane<<1 | 1) << size << 16 }

// neonLeft and neonRight are amounts of shifts as bits 16 to 22 have them, for lanes of a size. A shift to the right is of 1 bit at least.
func neonLeft(size, amount uint32) uint32  { return (8<<size + amount) << 16 }
func neonRight(size, amount uint32) uint32 { return (16<<size - amount) << 16 }

// neonLD1 is LD1 of one lane from the address in rn, and with store ST1.
func neonLD1(size, lane uint32, rt, rn ir.Reg, store bool) uint32 {
	w := uint32(0x0D400000) | [...]uint32{0, 0x4000, 0x8000, 0x8400}[size] | uint32(rn)<<5 | uint32(rt&31)
	if store {
		w &^= 1 << 22
	}
	// The lane's bits are Q, S and size, from the highest that is needed.
	index := lane << size
	return w | index>>3<<30 | index>>2&1<<12 | index&3<<10
}

// neon2 is a vector instruction of two registers.
func neon2(base uint32, rd, rn ir.Reg) uint32 { return base | uint32(rn&31)<<5 | uint32(rd&31) }

// neon3 is a vector instruction of three registers.
func neon3(base uint32, rd, rn, rm ir.Reg) uint32 {
	return base | uint32(rm&31)<<16 | uint32(rn&31)<<5 | uint32(rd&31)
}

// v2 and v3 add them.
func (a *assembler) v2(base uint32, rd, rn ir.Reg)     { a.word(neon2(base, rd, rn)) }
func (a *assembler) v3(base uint32, rd, rn, rm ir.Reg) { a.word(neon3(base, rd, rn, rm)) }
