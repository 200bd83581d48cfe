//go:build linux

#include "go_asm.h"
#include "textflag.h"

// See native_stubs.go for what these do. In machine code BX is the frame, R14 memory 0, R15 the context, SP the machine
// stack, R12 the count of safepoints in code that counts them (native_count.go). All of this runs without a frame on the goroutine's stack; that of nativeEnter's caller is put back by TO_GO. So are R14
// and X15, which Go has a meaning for.
//
// TOPFRAME ends what a profiler's signal unwinds: the stack that SP shows here is none that Go knows.

// TO_GO leaves machine code: nativeEnter returns, by a RET or by RET_JUMP.
#define TO_GO \
	MOVQ	SP, NativeContext_nsp(R15)   \
	MOVQ	BX, NativeContext_fp(R15)    \
	MOVQ	R12, (NativeContext_ints+8*12)(R15) \
	MOVQ	NativeContext_goG(R15), R14  \
	XORPS	X15, X15                     \
	MOVQ	NativeContext_goBP(R15), BP  \
	MOVQ	NativeContext_goSP(R15), SP

// RET_JUMP returns from nativeEnter where machine code has called: the processor would predict that a return goes back there.
#define RET_JUMP \
	MOVQ	(SP), R13  \
	LEAQ	8(SP), SP  \
	JMP	R13

// TO_MACHINE goes on at the return address on top of the machine stack. It jumps, because the processor would predict that a
// return goes to nativeEnter's caller.
#define TO_MACHINE \
	LEAQ	8(SP), SP  \
	JMP	-8(SP)

#define INT(n) (NativeContext_ints+8*n)(R15)
#define FLOAT(n) (NativeContext_floats+16*n)(R15)

#define SAVE_ALL \
	MOVQ	AX, INT(0)        \
	MOVQ	CX, INT(1)        \
	MOVQ	DX, INT(2)        \
	MOVQ	BP, INT(5)        \
	MOVQ	SI, INT(6)        \
	MOVQ	DI, INT(7)        \
	MOVQ	R8, INT(8)        \
	MOVQ	R9, INT(9)        \
	MOVQ	R10, INT(10)      \
	MOVQ	R11, INT(11)      \
	MOVQ	R12, INT(12)      \
	MOVQ	R13, INT(13)      \
	MOVUPS	X0, FLOAT(0)      \
	MOVUPS	X1, FLOAT(1)      \
	MOVUPS	X2, FLOAT(2)      \
	MOVUPS	X3, FLOAT(3)      \
	MOVUPS	X4, FLOAT(4)      \
	MOVUPS	X5, FLOAT(5)      \
	MOVUPS	X6, FLOAT(6)      \
	MOVUPS	X7, FLOAT(7)      \
	MOVUPS	X8, FLOAT(8)      \
	MOVUPS	X9, FLOAT(9)      \
	MOVUPS	X10, FLOAT(10)    \
	MOVUPS	X11, FLOAT(11)    \
	MOVUPS	X12, FLOAT(12)    \
	MOVUPS	X13, FLOAT(13)    \
	MOVUPS	X14, FLOAT(14)    \
	MOVUPS	X15, FLOAT(15)

#define LOAD_ALL \
	MOVQ	INT(0), AX        \
	MOVQ	INT(1), CX        \
	MOVQ	INT(2), DX        \
	MOVQ	INT(5), BP        \
	MOVQ	INT(6), SI        \
	MOVQ	INT(7), DI        \
	MOVQ	INT(8), R8        \
	MOVQ	INT(9), R9        \
	MOVQ	INT(10), R10      \
	MOVQ	INT(11), R11      \
	MOVQ	INT(12), R12      \
	MOVQ	INT(13), R13      \
	MOVUPS	FLOAT(0), X0      \
	MOVUPS	FLOAT(1), X1      \
	MOVUPS	FLOAT(2), X2      \
	MOVUPS	FLOAT(3), X3      \
	MOVUPS	FLOAT(4), X4      \
	MOVUPS	FLOAT(5), X5      \
	MOVUPS	FLOAT(6), X6      \
	MOVUPS	FLOAT(7), X7      \
	MOVUPS	FLOAT(8), X8      \
	MOVUPS	FLOAT(9), X9      \
	MOVUPS	FLOAT(10), X10    \
	MOVUPS	FLOAT(11), X11    \
	MOVUPS	FLOAT(12), X12    \
	MOVUPS	FLOAT(13), X13    \
	MOVUPS	FLOAT(14), X14    \
	MOVUPS	FLOAT(15), X15

// FROM_GO takes R15 for the context.
#define FROM_GO \
	MOVQ	SP, NativeContext_goSP(R15)  \
	MOVQ	BP, NativeContext_goBP(R15)  \
	MOVQ	$0, NativeContext_fault(R15) \
	MOVQ	(NativeContext_ints+8*12)(R15), R12 \
	MOVQ	NativeContext_fp(R15), BX    \
	MOVQ	NativeContext_mem0(R15), R14 \
	MOVQ	NativeContext_nsp(R15), SP

// func nativeEnter(ctx *NativeContext, pc uintptr)
TEXT ·nativeEnter(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ	ctx+0(FP), R15
	MOVQ	pc+8(FP), R13
	FROM_GO
	JMP	R13

// func nativeCall(ctx *NativeContext, pc uintptr)
TEXT ·nativeCall(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ	ctx+0(FP), R15
	MOVQ	pc+8(FP), R13
	FROM_GO
	LEAQ	8(SP), SP
	JMP	unit<>(SB)

// The same for enterMachine and callMachine: with the arguments in AX and BX.

TEXT enterDirect<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ	AX, R15
	MOVQ	BX, R13
	MOVQ	R14, NativeContext_goG(R15)
	FROM_GO
	JMP	R13

TEXT callDirect<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ	AX, R15
	MOVQ	BX, R13
	MOVQ	R14, NativeContext_goG(R15)
	FROM_GO
	LEAQ	8(SP), SP
	JMP	unit<>(SB)

// func stubEnterDirect() uintptr
TEXT ·stubEnterDirect(SB), NOSPLIT, $0-8
	LEAQ	enterDirect<>(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

// func stubCallDirect() uintptr
TEXT ·stubCallDirect(SB), NOSPLIT, $0-8
	LEAQ	callDirect<>(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

// The call pushes what stubReturned returns, three bytes on, which is what was there before.
TEXT unit<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	BYTE	$0x41; BYTE $0xff; BYTE $0xd5 // CALL R13
	MOVQ	$const_leftReturned, NativeContext_left(R15)
	MOVQ	AX, INT(0)
	MOVUPS	X0, FLOAT(0)
	TO_GO
	RET

TEXT leave<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	MOVQ	$0, NativeContext_left(R15)
	TO_GO
	RET_JUMP

TEXT leaveSaving<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	MOVQ	$0, NativeContext_left(R15)
	SAVE_ALL
	TO_GO
	RET_JUMP

TEXT callee<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	MOVQ	$const_leftCallee, NativeContext_left(R15)
	SAVE_ALL
	TO_GO
	RET_JUMP

TEXT resume<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	TO_MACHINE

TEXT resumeSaved<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	LOAD_ALL
	TO_MACHINE

TEXT resumeReturn<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	MOVQ	(BX), AX
	MOVUPS	(BX), X0
	TO_MACHINE

// func stubLeave() uintptr
TEXT ·stubLeave(SB), NOSPLIT, $0-8
	LEAQ	leave<>(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

// func stubLeaveSaving() uintptr
TEXT ·stubLeaveSaving(SB), NOSPLIT, $0-8
	LEAQ	leaveSaving<>(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

// func stubReturned() uintptr
TEXT ·stubReturned(SB), NOSPLIT, $0-8
	LEAQ	unit<>+3(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

// func stubCallee() uintptr
TEXT ·stubCallee(SB), NOSPLIT, $0-8
	LEAQ	callee<>(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

// func stubResume() uintptr
TEXT ·stubResume(SB), NOSPLIT, $0-8
	LEAQ	resume<>(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

// func stubResumeSaved() uintptr
TEXT ·stubResumeSaved(SB), NOSPLIT, $0-8
	LEAQ	resumeSaved<>(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

// func stubResumeReturn() uintptr
TEXT ·stubResumeReturn(SB), NOSPLIT, $0-8
	LEAQ	resumeReturn<>(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
