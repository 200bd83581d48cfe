/*
 * ackermann N ROUNDS: Ackermann's function of (3, N) and (3, N-1) in turn, ROUNDS times.
 * Stresses calls and the depth of the call stack: about 2^(N+3) frames at its deepest.
 */
#include <stdio.h>
#include "guest.h"

__attribute__((noinline)) static int ackermann(int m, int n)
{
	if (m == 0)
		return n + 1;
	if (n == 0)
		return ackermann(m - 1, 1);
	return ackermann(m - 1, ackermann(m, n - 1));
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 9);
	int rounds = argument(argc, argv, 2, 1);
	long sum = 0;

	for (int i = 0; i < rounds; i++)
		sum += ackermann(3, n - (i & 1));
	printf("ack=%ld\n", sum);
	return 0;
}
