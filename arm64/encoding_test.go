package arm64

import (
	"encoding/binary"
	"testing"

	"github.com/godwit-vm/godwit/jit/ir"
	"golang.org/x/arch/arm64/arm64asm"
)

// disassemble is one instruction in the syntax of GNU's assembler.
func disassemble(w uint32) string {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], w)
	inst, err := arm64asm.Decode(b[:])
	if err != nil {
		return "unknown"
	}
	return arm64asm.GNUSyntax(inst)
}

// What is encoded here is what a disassembler says it is.
func TestEncodings(t *testing.T) {
	const v1, v2, v3 = ir.Reg(33), ir.Reg(34), ir.Reg(35)
	for _, c := range []struct {
		word uint32
		want string
	}{
		{neon3(neonAND, v1, v2, v3), "and v1.16b, v2.16b, v3.16b"},
		{neon3(neonBIC, v1, v2, v3), "bic v1.16b, v2.16b, v3.16b"},
		{neon3(neonORR, v1, v2, v3), "orr v1.16b, v2.16b, v3.16b"},
		{neon3(neonEOR, v1, v2, v3), "eor v1.16b, v2.16b, v3.16b"},
		{neon3(neonBSL, v1, v2, v3), "bsl v1.16b, v2.16b, v3.16b"},
		{neon3(neonBIT, v1, v2, v3), "bit v1.16b, v2.16b, v3.16b"},
		{neon3(neonADD, v1, v2, v3), "add v1.16b, v2.16b, v3.16b"},
		{neon3(neonSUB, v1, v2, v3), "sub v1.16b, v2.16b, v3.16b"},
		{neon3(neonMUL, v1, v2, v3), "mul v1.16b, v2.16b, v3.16b"},
		{neon3(neonADDP, v1, v2, v3), "addp v1.16b, v2.16b, v3.16b"},
		{neon3(neonSQADD, v1, v2, v3), "sqadd v1.16b, v2.16b, v3.16b"},
		{neon3(neonUQADD, v1, v2, v3), "uqadd v1.16b, v2.16b, v3.16b"},
		{neon3(neonSQSUB, v1, v2, v3), "sqsub v1.16b, v2.16b, v3.16b"},
		{neon3(neonUQSUB, v1, v2, v3), "uqsub v1.16b, v2.16b, v3.16b"},
		{neon3(neonURHADD, v1, v2, v3), "urhadd v1.16b, v2.16b, v3.16b"},
		{neon3(neonSQRDMULH|1<<22, v1, v2, v3), "sqrdmulh v1.8h, v2.8h, v3.8h"},
		{neon3(neonCMEQ, v1, v2, v3), "cmeq v1.16b, v2.16b, v3.16b"},
		{neon3(neonCMGT, v1, v2, v3), "cmgt v1.16b, v2.16b, v3.16b"},
		{neon3(neonCMHI, v1, v2, v3), "cmhi v1.16b, v2.16b, v3.16b"},
		{neon3(neonCMGE, v1, v2, v3), "cmge v1.16b, v2.16b, v3.16b"},
		{neon3(neonCMHS, v1, v2, v3), "cmhs v1.16b, v2.16b, v3.16b"},
		{neon3(neonSMAX, v1, v2, v3), "smax v1.16b, v2.16b, v3.16b"},
		{neon3(neonUMAX, v1, v2, v3), "umax v1.16b, v2.16b, v3.16b"},
		{neon3(neonSMIN, v1, v2, v3), "smin v1.16b, v2.16b, v3.16b"},
		{neon3(neonUMIN, v1, v2, v3), "umin v1.16b, v2.16b, v3.16b"},
		{neon3(neonSSHL, v1, v2, v3), "sshl v1.16b, v2.16b, v3.16b"},
		{neon3(neonUSHL, v1, v2, v3), "ushl v1.16b, v2.16b, v3.16b"},
		{neon3(neonUMAXP, v1, v2, v3), "umaxp v1.16b, v2.16b, v3.16b"},
		{neon3(neonFADD, v1, v2, v3), "fadd v1.4s, v2.4s, v3.4s"},
		{neon3(neonFSUB, v1, v2, v3), "fsub v1.4s, v2.4s, v3.4s"},
		{neon3(neonFMUL, v1, v2, v3), "fmul v1.4s, v2.4s, v3.4s"},
		{neon3(neonFDIV, v1, v2, v3), "fdiv v1.4s, v2.4s, v3.4s"},
		{neon3(neonFMAX, v1, v2, v3), "fmax v1.4s, v2.4s, v3.4s"},
		{neon3(neonFMIN, v1, v2, v3), "fmin v1.4s, v2.4s, v3.4s"},
		{neon3(neonFCMEQ, v1, v2, v3), "fcmeq v1.4s, v2.4s, v3.4s"},
		{neon3(neonFCMGE, v1, v2, v3), "fcmge v1.4s, v2.4s, v3.4s"},
		{neon3(neonFCMGT, v1, v2, v3), "fcmgt v1.4s, v2.4s, v3.4s"},
		{neon3(neonFMLA, v1, v2, v3), "fmla v1.4s, v2.4s, v3.4s"},
		{neon3(neonFMLS, v1, v2, v3), "fmls v1.4s, v2.4s, v3.4s"},
		{neon3(neonSMULL, v1, v2, v3), "smull v1.8h, v2.8b, v3.8b"},
		{neon3(neonUMULL, v1, v2, v3), "umull v1.8h, v2.8b, v3.8b"},
		{neon3(neonSMULL|neonHigh, v1, v2, v3), "smull2 v1.8h, v2.16b, v3.16b"},
		{neon3(neonZIP1, v1, v2, v3), "zip1 v1.16b, v2.16b, v3.16b"},
		{neon3(neonZIP2, v1, v2, v3), "zip2 v1.16b, v2.16b, v3.16b"},
		{neon3(neonUZP1, v1, v2, v3), "uzp1 v1.16b, v2.16b, v3.16b"},
		{neon3(neonUZP2, v1, v2, v3), "uzp2 v1.16b, v2.16b, v3.16b"},
		{neon3(neonTRN1, v1, v2, v3), "trn1 v1.16b, v2.16b, v3.16b"},
		{neon3(neonTRN2, v1, v2, v3), "trn2 v1.16b, v2.16b, v3.16b"},
		{neon3(neonEXT|3<<11, v1, v2, v3), "ext v1.16b, v2.16b, v3.16b, #3"},
		{neon3(neonTBL, v1, v2, v3), "tbl v1.16b, {v2.16b}, v3.16b"},
		{neon3(neonTBL2, v1, v2, v3), "tbl v1.16b, {v2.16b, v3.16b}, v3.16b"},
		{neon3(neonADD|neonSize(3), v1, v2, v3), "add v1.2d, v2.2d, v3.2d"},
		{neon3(neonFADD|neonDouble, v1, v2, v3), "fadd v1.2d, v2.2d, v3.2d"},
		{neon2(neonCNT, v1, v2), "cnt v1.16b, v2.16b"},
		{neon2(neonNOT, v1, v2), "mvn v1.16b, v2.16b"},
		{neon2(neonABS, v1, v2), "abs v1.16b, v2.16b"},
		{neon2(neonNEG, v1, v2), "neg v1.16b, v2.16b"},
		{neon2(neonCMEQ0, v1, v2), "cmeq v1.16b, v2.16b, #0"},
		{neon2(neonSADDLP, v1, v2), "saddlp v1.8h, v2.16b"},
		{neon2(neonUADDLP, v1, v2), "uaddlp v1.8h, v2.16b"},
		{neon2(neonSQXTN, v1, v2), "sqxtn v1.8b, v2.8h"},
		{neon2(neonSQXTUN, v1, v2), "sqxtun v1.8b, v2.8h"},
		{neon2(neonUQXTN, v1, v2), "uqxtn v1.8b, v2.8h"},
		{neon2(neonSQXTN|neonHigh, v1, v2), "sqxtn2 v1.16b, v2.8h"},
		{neon2(neonFCVTN, v1, v2), "fcvtn v1.2s, v2.2d"},
		{neon2(neonFCVTL, v1, v2), "fcvtl v1.2d, v2.2s"},
		{neon2(neonFABS, v1, v2), "fabs v1.4s, v2.4s"},
		{neon2(neonFNEG, v1, v2), "fneg v1.4s, v2.4s"},
		{neon2(neonFSQRT, v1, v2), "fsqrt v1.4s, v2.4s"},
		{neon2(neonFRINTN, v1, v2), "frintn v1.4s, v2.4s"},
		{neon2(neonFRINTM, v1, v2), "frintm v1.4s, v2.4s"},
		{neon2(neonFRINTP, v1, v2), "frintp v1.4s, v2.4s"},
		{neon2(neonFRINTZ, v1, v2), "frintz v1.4s, v2.4s"},
		{neon2(neonFCVTZS, v1, v2), "fcvtzs v1.4s, v2.4s"},
		{neon2(neonFCVTZU, v1, v2), "fcvtzu v1.4s, v2.4s"},
		{neon2(neonSCVTF, v1, v2), "scvtf v1.4s, v2.4s"},
		{neon2(neonUCVTF, v1, v2), "ucvtf v1.4s, v2.4s"},
		{neon2(neonADDV, v1, v2), "addv b1, v2.16b"},
		{neon2(neonUMINV, v1, v2), "uminv b1, v2.16b"},
		{neon2(neonSSHLL|neonLeft(1, 3), v1, v2), "sshll v1.4s, v2.4h, #3"},
		{neon2(neonUSHLL|neonLeft(0, 0), v1, v2), "uxtl v1.8h, v2.8b"},
		{neon2(neonSSHR|neonRight(2, 5), v1, v2), "sshr v1.4s, v2.4s, #5"},
		{neon2(neonUSHR|neonRight(3, 64), v1, v2), "ushr v1.2d, v2.2d, #64"},
		{neon2(neonSHL|neonLeft(0, 7), v1, v2), "shl v1.16b, v2.16b, #7"},
		{neon2(neonREV64, v1, v2), "rev64 v1.16b, v2.16b"},
		{neon2(neonREV32, v1, v2), "rev32 v1.16b, v2.16b"},
		{neon2(neonREV16, v1, v2), "rev16 v1.16b, v2.16b"},
		{neon2(neonDUPLane|neonLane(2, 3), v1, v2), "dup v1.4s, v2.s[3]"},
		{neon2(neonDUP|neonLane(3, 0), v1, v2), "dup v1.2d, x2"},
		{neon2(neonSMOVW|neonLane(1, 5), v1, v2), "smov w1, v2.h[5]"},
		{neon2(neonUMOVW|neonLane(0, 9), v1, v2), "umov w1, v2.b[9]"},
		{neon2(neonUMOVX|neonLane(3, 1), v1, v2), "mov x1, v2.d[1]"},
		{neon2(neonINS|neonLane(2, 1), v1, v2), "mov v1.s[1], w2"},
		{neon2(neonINSLane|neonLane(1, 6), v1, v2), "mov v1.h[6], v2.h[0]"},
		{neon2(neonMOVLane|neonLane(3, 1), v1, v2), "mov d1, v2.d[1]"},
		{neon2(neonLD1R|2<<10, v1, v2), "ld1r {v1.4s}, [x2]"},
		{neonLD1(0, 15, v1, 2, false), "ld1 {v1.b}[15], [x2]"},
		{neonLD1(0, 15, v1, 2, true), "st1 {v1.b}[15], [x2]"},
		{neonLD1(1, 7, v1, 2, false), "ld1 {v1.h}[7], [x2]"},
		{neonLD1(1, 7, v1, 2, true), "st1 {v1.h}[7], [x2]"},
		{neonLD1(2, 3, v1, 2, false), "ld1 {v1.s}[3], [x2]"},
		{neonLD1(2, 3, v1, 2, true), "st1 {v1.s}[3], [x2]"},
		{neonLD1(3, 1, v1, 2, false), "ld1 {v1.d}[1], [x2]"},
		{neonLD1(3, 1, v1, 2, true), "st1 {v1.d}[1], [x2]"},
		{wordLDAR | 0<<30 | 2<<5 | 1, "ldarb w1, [x2]"},
		{wordLDAR | 1<<30 | 2<<5 | 1, "ldarh w1, [x2]"},
		{wordLDAR | 2<<30 | 2<<5 | 1, "ldar w1, [x2]"},
		{wordLDAR | 3<<30 | 2<<5 | 1, "ldar x1, [x2]"},
		{wordSTLR | 0<<30 | 2<<5 | 1, "stlrb w1, [x2]"},
		{wordSTLR | 1<<30 | 2<<5 | 1, "stlrh w1, [x2]"},
		{wordSTLR | 2<<30 | 2<<5 | 1, "stlr w1, [x2]"},
		{wordSTLR | 3<<30 | 2<<5 | 1, "stlr x1, [x2]"},
		{wordLDAXR | 0<<30 | 2<<5 | 1, "ldaxrb w1, [x2]"},
		{wordLDAXR | 1<<30 | 2<<5 | 1, "ldaxrh w1, [x2]"},
		{wordLDAXR | 2<<30 | 2<<5 | 1, "ldaxr w1, [x2]"},
		{wordLDAXR | 3<<30 | 2<<5 | 1, "ldaxr x1, [x2]"},
		{wordSTLXR | 0<<30 | 3<<16 | 2<<5 | 1, "stlxrb w3, w1, [x2]"},
		{wordSTLXR | 1<<30 | 3<<16 | 2<<5 | 1, "stlxrh w3, w1, [x2]"},
		{wordSTLXR | 2<<30 | 3<<16 | 2<<5 | 1, "stlxr w3, w1, [x2]"},
		{wordSTLXR | 3<<30 | 3<<16 | 2<<5 | 1, "stlxr w3, x1, [x2]"},
		{wordDMB, "dmb ish"},
		{strB.bits | 1<<24 | 2<<5 | 1, "strb w1, [x2]"},
		{strH.bits | 1<<24 | 2<<5 | 1, "strh w1, [x2]"},
		{strW.bits | 1<<24 | 2<<5 | 1, "str w1, [x2]"},
		{strX.bits | 1<<24 | 2<<5 | 1, "str x1, [x2]"},
		{ldrB.bits | 1<<24 | 2<<5 | 1, "ldrb w1, [x2]"},
		{ldrH.bits | 1<<24 | 2<<5 | 1, "ldrh w1, [x2]"},
		{ldrW.bits | 1<<24 | 2<<5 | 1, "ldr w1, [x2]"},
		{ldrX.bits | 1<<24 | 2<<5 | 1, "ldr x1, [x2]"},
		{ldrsBW.bits | 1<<24 | 2<<5 | 1, "ldrsb w1, [x2]"},
		{ldrsHW.bits | 1<<24 | 2<<5 | 1, "ldrsh w1, [x2]"},
		{ldrsBX.bits | 1<<24 | 2<<5 | 1, "ldrsb x1, [x2]"},
		{ldrsHX.bits | 1<<24 | 2<<5 | 1, "ldrsh x1, [x2]"},
		{ldrsWX.bits | 1<<24 | 2<<5 | 1, "ldrsw x1, [x2]"},
		{strS.bits | 1<<24 | 2<<5 | 1, "str s1, [x2]"},
		{strD.bits | 1<<24 | 2<<5 | 1, "str d1, [x2]"},
		{strQ.bits | 1<<24 | 2<<5 | 1, "str q1, [x2]"},
		{ldrS.bits | 1<<24 | 2<<5 | 1, "ldr s1, [x2]"},
		{ldrD.bits | 1<<24 | 2<<5 | 1, "ldr d1, [x2]"},
		{ldrQ.bits | 1<<24 | 2<<5 | 1, "ldr q1, [x2]"},
	} {
		if got := disassemble(c.word); got != c.want {
			t.Errorf("%#08x is %q, not %q", c.word, got, c.want)
		}
	}
}
