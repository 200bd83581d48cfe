/*
 * tak ROUNDS: Takeuchi's function of (18 or 19, 12, 6), ROUNDS times.
 * Stresses calls with three arguments, most of them to compute arguments of calls.
 */
#include <stdio.h>
#include "guest.h"

__attribute__((noinline)) static int tak(int x, int y, int z)
{
	if (y >= x)
		return z;
	return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

int main(int argc, char **argv)
{
	int rounds = argument(argc, argv, 1, 1);
	long sum = 0;

	for (int i = 0; i < rounds; i++)
		sum += tak(18 + (i & 1), 12, 6);
	printf("tak=%ld\n", sum);
	return 0;
}
