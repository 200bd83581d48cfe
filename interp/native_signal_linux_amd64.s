#include "go_asm.h"
#include "textflag.h"

// Offsets from the kernel's struct ucontext (uc_mcontext is at 40) and struct siginfo.
#define UC_R15 96
#define UC_RBP 120
#define UC_RSP 160
#define UC_RIP 168
#define SI_CODE 8
#define SI_ADDR 16
#define SIGQUIT 3
#define SIGBUS 7
#define SIGURG 23
#define SIGPROF 27

// sigtramp is called by the kernel: DI is the signal, SI the siginfo, DX the ucontext. It clobbers only registers that the C calling
// convention lets it.
TEXT sigtramp<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	MOVQ	UC_RIP(DX), AX
	SUBQ	·nativeCodeLo(SB), AX
	CMPQ	AX, ·nativeCodeSize(SB)
	JCC	forward
	MOVQ	UC_R15(DX), R8
	CMPL	DI, $SIGURG
	JEQ	wanted
	CMPL	DI, $SIGPROF
	JEQ	trace
	CMPL	DI, $SIGQUIT
	JEQ	trace
	CMPL	SI_CODE(SI), $0 // sent by somebody, not by the processor
	JLE	forward

	// As if the instruction had been a call of leave, with its own address as the return address.
	MOVQ	SI_ADDR(SI), AX
	MOVQ	$-1, CX
	TESTQ	AX, AX
	CMOVQEQ	CX, AX
	MOVQ	AX, NativeContext_fault(R8)
	MOVQ	UC_RSP(DX), R9
	MOVQ	UC_RIP(DX), AX
	SUBQ	$8, R9
	MOVQ	AX, (R9)
	MOVQ	R9, UC_RSP(DX)
	MOVQ	NativeContext_leave(R8), AX
	MOVQ	AX, UC_RIP(DX)
	RET

wanted:
	MOVQ	$const_countWanted, AX
	MOVQ	AX, NativeContext_step(R8)
	MOVQ	$0, NativeContext_limit(R8)

forward:
	CMPL	DI, $SIGURG
	JEQ	urg
	CMPL	DI, $SIGPROF
	JEQ	prof
	CMPL	DI, $SIGBUS
	JEQ	bus
	CMPL	DI, $SIGQUIT
	JEQ	quit
	MOVQ	·goHandlers+0(SB), AX
	JMP	AX
bus:
	MOVQ	·goHandlers+8(SB), AX
	JMP	AX
urg:
	MOVQ	·goHandlers+16(SB), AX
	JMP	AX
prof:
	MOVQ	·goHandlers+24(SB), AX
	JMP	AX
quit:
	MOVQ	·goHandlers+32(SB), AX
	JMP	AX

	// Go is shown that nativeEnter has just returned, and afterwards the registers are put right.
trace:
	SUBQ	$40, SP // aligned to 16 for the call
	MOVQ	DX, 0(SP)
	MOVQ	UC_RIP(DX), AX
	MOVQ	AX, 8(SP)
	MOVQ	UC_RSP(DX), AX
	MOVQ	AX, 16(SP)
	MOVQ	UC_RBP(DX), AX
	MOVQ	AX, 24(SP)
	MOVQ	NativeContext_goSP(R8), CX
	MOVQ	(CX), AX
	MOVQ	AX, UC_RIP(DX)
	ADDQ	$8, CX
	MOVQ	CX, UC_RSP(DX)
	MOVQ	NativeContext_goBP(R8), AX
	MOVQ	AX, UC_RBP(DX)
	MOVQ	·goHandlers+24(SB), AX
	MOVQ	·goHandlers+32(SB), CX
	CMPL	DI, $SIGPROF
	CMOVQNE	CX, AX
	CALL	AX
	MOVQ	0(SP), DX
	MOVQ	8(SP), AX
	MOVQ	AX, UC_RIP(DX)
	MOVQ	16(SP), AX
	MOVQ	AX, UC_RSP(DX)
	MOVQ	24(SP), AX
	MOVQ	AX, UC_RBP(DX)
	ADDQ	$40, SP
	RET

// func sigtrampAddr() uintptr
TEXT ·sigtrampAddr(SB), NOSPLIT, $0-8
	LEAQ	sigtramp<>(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
