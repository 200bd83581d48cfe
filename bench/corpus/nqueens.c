/*
 * nqueens N: counts the ways to place N queens on a board of N by N (N below 32).
 * Stresses recursion with a loop inside, and branches that are hard to foresee.
 */
#include <stdio.h>
#include "guest.h"

static int size;
static int column[32];
static int falling[64];
static int rising[64];

static long place(int row)
{
	if (row == size)
		return 1;

	long ways = 0;

	for (int c = 0; c < size; c++) {
		if (column[c] | falling[row + c] | rising[row - c + size])
			continue;
		column[c] = falling[row + c] = rising[row - c + size] = 1;
		ways += place(row + 1);
		column[c] = falling[row + c] = rising[row - c + size] = 0;
	}
	return ways;
}

int main(int argc, char **argv)
{
	size = argument(argc, argv, 1, 11);
	printf("queens(%d)=%ld\n", size, place(0));
	return 0;
}
