/*
 * switchvm N: a bytecode interpreter with a switch in a loop runs a program of N iterations (xorshift and a sum).
 * Stresses br_table, and loads and stores through pointers that move.
 */
#include <stdio.h>
#include "guest.h"

enum op { PUSH, LOAD, STORE, ADD, SUB, MUL, LESS, JUMP_IF_ZERO, JUMP, HALT, XOR, SHL, SHR, DUP, MOD };

static int run(const int *code, int n)
{
	int stack[64];
	int locals[8] = {0};
	int *sp = stack;
	const int *pc = code;

	locals[0] = n;
	for (;;) {
		switch (*pc++) {
		case PUSH:
			*sp++ = *pc++;
			break;
		case LOAD:
			*sp++ = locals[*pc++];
			break;
		case STORE:
			locals[*pc++] = *--sp;
			break;
		case ADD:
			sp--;
			sp[-1] = (unsigned)sp[-1] + sp[0];
			break;
		case SUB:
			sp--;
			sp[-1] = (unsigned)sp[-1] - sp[0];
			break;
		case MUL:
			sp--;
			sp[-1] = (unsigned)sp[-1] * sp[0];
			break;
		case LESS:
			sp--;
			sp[-1] = sp[-1] < sp[0];
			break;
		case JUMP_IF_ZERO: {
			int target = *pc++;

			if (!*--sp)
				pc = code + target;
			break;
		}
		case JUMP:
			pc = code + *pc;
			break;
		case XOR:
			sp--;
			sp[-1] ^= sp[0];
			break;
		case SHL:
			sp--;
			sp[-1] = (unsigned)sp[-1] << (sp[0] & 31);
			break;
		case SHR:
			sp--;
			sp[-1] = (unsigned)sp[-1] >> (sp[0] & 31);
			break;
		case DUP:
			sp[0] = sp[-1];
			sp++;
			break;
		case MOD:
			sp--;
			sp[-1] = (unsigned)sp[-1] % (unsigned)sp[0];
			break;
		case HALT:
			return locals[2];
		}
	}
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 3000000);
	/* for (i = 0, x = 1; i < n; i++) { x ^= x << 13; x ^= x >> 17; x ^= x << 5; x += i % 7; } */
	static const int code[] = {
		PUSH, 1, STORE, 2,
		PUSH, 0, STORE, 1,
		/* 8: the loop's head */
		LOAD, 1, LOAD, 0, LESS, JUMP_IF_ZERO, 53,
		LOAD, 2,
		DUP, PUSH, 13, SHL, XOR,
		DUP, PUSH, 17, SHR, XOR,
		DUP, PUSH, 5, SHL, XOR,
		STORE, 2,
		LOAD, 2, LOAD, 1, PUSH, 7, MOD, ADD, STORE, 2,
		LOAD, 1, PUSH, 1, ADD, STORE, 1,
		JUMP, 8,
		/* 53: the end */
		HALT,
	};

	printf("%u\n", (unsigned)run(code, n));
	return 0;
}
