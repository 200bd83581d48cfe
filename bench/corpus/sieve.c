/*
 * sieve N ROUNDS: counts the primes up to N with the sieve of Eratosthenes, ROUNDS times.
 * Stresses byte stores by a stride, and a 64-bit loop counter.
 */
#include <stdio.h>
#include <string.h>
#include "guest.h"

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 1000000);
	int rounds = argument(argc, argv, 2, 10);
	unsigned char *prime = malloc(n + 1);
	int count = 0;

	for (int k = 0; k < rounds; k++) {
		memset(prime, 1, n + 1);
		count = 0;
		for (int i = 2; i <= n; i++) {
			if (!prime[i])
				continue;
			count++;
			for (long long j = (long long)i * i; j <= n; j += i)
				prime[j] = 0;
		}
	}
	printf("%d\n", count);
	return 0;
}
