#include "go_asm.h"
#include "textflag.h"

// Offsets from the kernel's struct ucontext (uc_mcontext is at 176: fault_address, regs, sp, pc) and struct siginfo.
#define UC_R26 392
#define UC_R29 416
#define UC_R30 424
#define UC_SP 432
#define UC_PC 440
#define SI_CODE 8
#define SI_ADDR 16
#define SIGQUIT 3
#define SIGBUS 7
#define SIGURG 23
#define SIGPROF 27

// sigtramp is called by the kernel: R0 is the signal, R1 the siginfo, R2 the ucontext. It clobbers only registers that the C calling
// convention lets it.
TEXT sigtramp<>(SB), NOSPLIT|NOFRAME|TOPFRAME, $0-0
	MOVD	UC_PC(R2), R9
	MOVD	·nativeCodeLo(SB), R10
	MOVD	·nativeCodeSize(SB), R11
	SUB	R10, R9, R10
	CMP	R11, R10
	BHS	forward
	MOVD	UC_R26(R2), R12
	CMPW	$SIGURG, R0
	BEQ	wanted
	CMPW	$SIGPROF, R0
	BEQ	trace
	CMPW	$SIGQUIT, R0
	BEQ	trace
	MOVW	SI_CODE(R1), R10
	CMPW	$0, R10 // sent by somebody, not by the processor
	BLE	forward

	// As if the instruction had been a call of leave, with its own address as the return address.
	MOVD	SI_ADDR(R1), R10
	MOVD	$-1, R11
	CMP	$0, R10
	CSEL	EQ, R11, R10, R10
	MOVD	R10, NativeContext_fault(R12)
	MOVD	R9, UC_R30(R2)
	MOVD	NativeContext_leave(R12), R10
	MOVD	R10, UC_PC(R2)
	RET

wanted:
	MOVD	$const_countWanted, R10
	MOVD	R10, NativeContext_step(R12)
	MOVD	ZR, NativeContext_limit(R12)

forward:
	CMPW	$SIGURG, R0
	BEQ	urg
	CMPW	$SIGPROF, R0
	BEQ	prof
	CMPW	$SIGBUS, R0
	BEQ	bus
	CMPW	$SIGQUIT, R0
	BEQ	quit
	MOVD	·goHandlers+0(SB), R9
	JMP	(R9)
bus:
	MOVD	·goHandlers+8(SB), R9
	JMP	(R9)
urg:
	MOVD	·goHandlers+16(SB), R9
	JMP	(R9)
prof:
	MOVD	·goHandlers+24(SB), R9
	JMP	(R9)
quit:
	MOVD	·goHandlers+32(SB), R9
	JMP	(R9)

	// Go is shown that nativeEnter has just returned, and afterwards the registers are put right.
trace:
	MOVD	RSP, R10
	SUB	$48, R10
	MOVD	R10, RSP
	MOVD	R2, 0(R10)
	MOVD	R30, 8(R10)
	MOVD	R9, 16(R10)
	MOVD	UC_SP(R2), R11
	MOVD	R11, 24(R10)
	MOVD	UC_R29(R2), R11
	MOVD	R11, 32(R10)
	MOVD	NativeContext_goLR(R12), R11
	MOVD	R11, UC_PC(R2)
	MOVD	NativeContext_goSP(R12), R11
	MOVD	R11, UC_SP(R2)
	MOVD	NativeContext_goBP(R12), R11
	MOVD	R11, UC_R29(R2)
	MOVD	·goHandlers+24(SB), R9
	MOVD	·goHandlers+32(SB), R10
	CMPW	$SIGPROF, R0
	CSEL	EQ, R9, R10, R9
	WORD	$0xd63f0120 // BLR R9, by which this does not become a function with a frame
	MOVD	RSP, R10
	MOVD	0(R10), R2
	MOVD	8(R10), R30
	MOVD	16(R10), R11
	MOVD	R11, UC_PC(R2)
	MOVD	24(R10), R11
	MOVD	R11, UC_SP(R2)
	MOVD	32(R10), R11
	MOVD	R11, UC_R29(R2)
	ADD	$48, R10
	MOVD	R10, RSP
	RET

// func sigtrampAddr() uintptr
TEXT ·sigtrampAddr(SB), NOSPLIT, $0-8
	MOVD	$sigtramp<>(SB), R0
	MOVD	R0, ret+0(FP)
	RET
