//go:build linux

#include "go_asm.h"
#include "textflag.h"

// See native_stubs.go for what these do. In machine code R25 is the frame, R24 memory 0, R26 the context, RSP the machine
// stack, on which a return address has 16 bytes, R23 the count of safepoints in code that counts them (native_count.go). All of this runs without a frame on the goroutine's stack; that of
// nativeEnter's caller is put back by TO_GO. R18, R27, R28 and R29 are left alone by machine code.
//
// TOPFRAME ends what a profiler's signal unwinds: the stack that RSP shows here is none that Go knows.

// TO_GO leaves machine code: nativeEnter returns.
#define TO_GO \
	MOVD	RSP, R16                      \
	MOVD	R16, NativeContext_nsp(R26)   \
	MOVD	R25, NativeContext_fp(R26)    \
	MOVD	R23, (NativeContext_ints+8*23)(R26) \
	MOVD	NativeContext_goBP(R26), R29  \
	MOVD	NativeContext_goLR(R26), R30  \
	MOVD	NativeContext_goSP(R26), R16  \
	MOVD	R16, RSP                      \
	RET

// TO_MACHINE goes on at the return address on top of the machine stack. It jumps, because the processor would predict that a
// return goes to nativeEnter's caller.
#define TO_MACHINE \
	MOVD.P	16(RSP), R30 \
	JMP	(R30)

#define INT(n) (NativeContext_ints+8*n)(R26)
#define FLOAT(n) (16*n)(R16)

#define SAVE_ALL \
	STP	(R0, R1), INT(0)     \
	STP	(R2, R3), INT(2)     \
	STP	(R4, R5), INT(4)     \
	STP	(R6, R7), INT(6)     \
	STP	(R8, R9), INT(8)     \
	STP	(R10, R11), INT(10)  \
	STP	(R12, R13), INT(12)  \
	STP	(R14, R15), INT(14)  \
	STP	(R16, R17), INT(16)  \
	STP	(R19, R20), INT(19)  \
	STP	(R21, R22), INT(21)  \
	MOVD	R23, INT(23)         \
	ADD	$NativeContext_floats, R26, R16 \
	FSTPQ	(F0, F1), FLOAT(0)   \
	FSTPQ	(F2, F3), FLOAT(2)   \
	FSTPQ	(F4, F5), FLOAT(4)   \
	FSTPQ	(F6, F7), FLOAT(6)   \
	FSTPQ	(F8, F9), FLOAT(8)   \
	FSTPQ	(F10, F11), FLOAT(10) \
	FSTPQ	(F12, F13), FLOAT(12) \
	FSTPQ	(F14, F15), FLOAT(14) \
	FSTPQ	(F16, F17), FLOAT(16) \
	FSTPQ	(F18, F19), FLOAT(18) \
	FSTPQ	(F20, F21), FLOAT(20) \
	FSTPQ	(F22, F23), FLOAT(22) \
	FSTPQ	(F24, F25), FLOAT(24) \
	FSTPQ	(F26, F27), FLOAT(26) \
	FSTPQ	(F28, F29), FLOAT(28) \
	FSTPQ	(F30, F31), FLOAT(30)

#define LOAD_ALL \
	ADD	$NativeContext_floats, R26, R16 \
	FLDPQ	FLOAT(0), (F0, F1)   \
	FLDPQ	FLOAT(2), (F2, F3)   \
	FLDPQ	FLOAT(4), (F4, F5)   \
	FLDPQ	FLOAT(6), (F6, F7)   \
	FLDPQ	FLOAT(8), (F8, F9)   \
	FLDPQ	FLOAT(10), (F10, F11) \
	FLDPQ	FLOAT(12), (F12, F13) \
	FLDPQ	FLOAT(14), (F14, F15) \
	FLDPQ	FLOAT(16), (F16, F17) \
	FLDPQ	FLOAT(18), (F18, F19) \
	FLDPQ	FLOAT(20), (F20, F21) \
	FLDPQ	FLOAT(22), (F22, F23) \
	FLDPQ	FLOAT(24), (F24, F25) \
	FLDPQ	FLOAT(26), (F26, F27) \
	FLDPQ	FLOAT(28), (F28, F29) \
	FLDPQ	FLOAT(30), (F30, F31) \
	LDP	INT(0), (R0, R1)     \
	LDP	INT(2), (R2, R3)     \
	LDP	INT(4), (R4, R5)     \
	LDP	INT(6), (R6, R7)     \
	LDP	INT(8), (R8, R9)     \
	LDP	INT(10), (R10, R11)  \
	LDP	INT(12), (R12, R13)  \
	LDP	INT(14), (R14, R15)  \
	LDP	INT(16), (R16, R17)  \
	LDP	INT(19), (R19, R20)  \
	LDP	INT(21), (R21, R22)  \
	MOVD	INT(23), R23

// FROM_GO takes R26 for the context.
#define FROM_GO \
	MOVD	RSP, R16                     \
	MOVD	R16, NativeContext_goSP(R26) \
	MOVD	R29, NativeContext_goBP(R26) \
	MOVD	R30, NativeContext_goLR(R26) \
	MOVD	ZR, NativeContext_fault(R26) \
	MOVD	NativeContext_fp(R26), R25   \
	MOVD	(NativeContext_ints+8*23)(R26), R23 \
	MOVD	NativeContext_mem0(R26), R24 \
	MOVD	NativeContext_nsp(R26), R16  \
	MOVD	R16, RSP

// func nativeEnter(ctx *NativeContext, pc uintptr)
TEXT ·nativeEnter(SB), NOSPLIT|NOFRAME, $0-16
	MOVD	ctx+0(FP), R26
	MOVD	pc+8(FP), R17
	FROM_GO
	JMP	(R17)

// func nativeCall(ctx *NativeContext, pc uintptr)
TEXT ·nativeCall(SB), NOSPLIT|NOFRAME, $0-16
	MOVD	ctx+0(FP), R26
	MOVD	pc+8(FP), R17
	FROM_GO
	B	unit<>(SB)

// The call has the return address that stubReturned returns, four bytes on. The unit finds the same on the machine stack.
TEXT unit<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	WORD	$0xd63f0220 // BLR R17
	MOVD	$const_leftReturned, R16
	MOVD	R16, NativeContext_left(R26)
	MOVD	R0, INT(0)
	ADD	$NativeContext_floats, R26, R16
	FMOVQ	F0, FLOAT(0)
	TO_GO

TEXT leave<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	MOVD.W	R30, -16(RSP)
	MOVD	ZR, NativeContext_left(R26)
	TO_GO

TEXT leaveSaving<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	MOVD.W	R30, -16(RSP)
	MOVD	ZR, NativeContext_left(R26)
	SAVE_ALL
	TO_GO

TEXT callee<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	MOVD.W	R30, -16(RSP)
	SAVE_ALL
	MOVD	$const_leftCallee, R16
	MOVD	R16, NativeContext_left(R26)
	TO_GO

TEXT resume<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	TO_MACHINE

TEXT resumeSaved<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	LOAD_ALL
	TO_MACHINE

TEXT resumeReturn<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	MOVD	(R25), R0
	FMOVQ	(R25), F0
	TO_MACHINE

// func stubLeave() uintptr
TEXT ·stubLeave(SB), NOSPLIT, $0-8
	MOVD	$leave<>(SB), R0
	MOVD	R0, ret+0(FP)
	RET

// func stubLeaveSaving() uintptr
TEXT ·stubLeaveSaving(SB), NOSPLIT, $0-8
	MOVD	$leaveSaving<>(SB), R0
	MOVD	R0, ret+0(FP)
	RET

// func stubReturned() uintptr
TEXT ·stubReturned(SB), NOSPLIT, $0-8
	MOVD	$unit<>(SB), R0
	ADD	$4, R0
	MOVD	R0, ret+0(FP)
	RET

// func stubCallee() uintptr
TEXT ·stubCallee(SB), NOSPLIT, $0-8
	MOVD	$callee<>(SB), R0
	MOVD	R0, ret+0(FP)
	RET

// func stubResume() uintptr
TEXT ·stubResume(SB), NOSPLIT, $0-8
	MOVD	$resume<>(SB), R0
	MOVD	R0, ret+0(FP)
	RET

// func stubResumeSaved() uintptr
TEXT ·stubResumeSaved(SB), NOSPLIT, $0-8
	MOVD	$resumeSaved<>(SB), R0
	MOVD	R0, ret+0(FP)
	RET

// func stubResumeReturn() uintptr
TEXT ·stubResumeReturn(SB), NOSPLIT, $0-8
	MOVD	$resumeReturn<>(SB), R0
	MOVD	R0, ret+0(FP)
	RET

// func nativeFlush(write, exec, size uintptr)
//
// The words of CTR_EL0: bits 19:16 and 3:0 are the binary logarithms of the smallest data and instruction cache lines, in words.
TEXT ·nativeFlush(SB), NOSPLIT, $0-24
	MOVD	write+0(FP), R0
	MOVD	exec+8(FP), R1
	MOVD	size+16(FP), R2
	MRS	CTR_EL0, R3
	MOVD	$4, R6

	UBFX	$16, R3, $4, R4
	LSL	R4, R6, R4  // a line of the data cache
	SUB	$1, R4, R5
	ADD	R0, R2, R7
	BIC	R5, R0, R0
clean:
	WORD	$0xd50b7b20 // DC CVAU, X0
	ADD	R4, R0, R0
	CMP	R7, R0
	BLO	clean
	WORD	$0xd5033b9f // DSB ISH

	UBFX	$0, R3, $4, R4
	LSL	R4, R6, R4  // a line of the instruction cache
	SUB	$1, R4, R5
	ADD	R1, R2, R7
	BIC	R5, R1, R0
invalidate:
	WORD	$0xd50b7520 // IC IVAU, X0
	ADD	R4, R0, R0
	CMP	R7, R0
	BLO	invalidate
	WORD	$0xd5033b9f // DSB ISH
	WORD	$0xd5033fdf // ISB
	RET
