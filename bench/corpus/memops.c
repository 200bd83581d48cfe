/*
 * memops ROUNDS: copies, moves and fills a megabyte, copies 64 short pieces, and reads a byte of each cache line.
 * Stresses memory.copy and memory.fill (or the C library's loops), and loads by a stride.
 */
#include <stdio.h>
#include <string.h>
#include "guest.h"

enum { SIZE = 1 << 20, PIECES = 64, CACHE_LINE = 64 };

int main(int argc, char **argv)
{
	int rounds = argument(argc, argv, 1, 200);
	char *a = malloc(SIZE);
	char *b = malloc(SIZE);
	unsigned sum = 0;

	memset(a, 3, SIZE);
	for (int k = 0; k < rounds; k++) {
		memcpy(b, a, SIZE);
		memmove(a + 7, a, SIZE - 7);
		memset(a, k, SIZE / 2);
		for (int i = 0; i < PIECES; i++)
			memcpy(b + i * 17, a + i * 31, 13 + i);
		for (int i = 0; i < SIZE; i += CACHE_LINE)
			sum = sum * 33 + b[i];
	}
	printf("%u\n", sum);
	return 0;
}
