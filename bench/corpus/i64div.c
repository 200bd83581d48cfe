/*
 * i64div N: tests N numbers above 10^9 for being prime (Miller-Rabin), then follows the Collatz sequences of 1 to N-1.
 * Stresses 64-bit multiplication, remainder, shifts, and counting of bits and zeros.
 */
#include <stdio.h>
#include "guest.h"

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t modulus)
{
	uint64_t r = 1;

	base %= modulus;
	while (exponent) {
		if (exponent & 1)
			r = r * base % modulus;
		base = base * base % modulus;
		exponent >>= 1;
	}
	return r;
}

/* is_prime is exact for 32-bit numbers: the witnesses 2, 7 and 61 suffice. */
static int is_prime(uint32_t n)
{
	static const uint32_t witnesses[] = {2, 7, 61};

	if (n < 2)
		return 0;
	if (n % 2 == 0)
		return n == 2;

	uint32_t odd = n - 1;
	uint32_t halvings = 0;

	while (!(odd & 1)) {
		odd >>= 1;
		halvings++;
	}
	for (int i = 0; i < 3; i++) {
		if (n == witnesses[i])
			return 1;

		uint64_t x = power(witnesses[i], odd, n);
		int passed = 0;

		if (x == 1 || x == n - 1)
			continue;
		for (uint32_t j = 1; j < halvings; j++) {
			x = x * x % n;
			if (x == n - 1) {
				passed = 1;
				break;
			}
		}
		if (!passed)
			return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 100000);
	uint32_t first = 1000000007u;
	int primes = 0;
	uint64_t bits = 0;

	for (uint32_t i = first; i < first + n; i++)
		primes += is_prime(i);
	for (int i = 1; i < n; i++) {
		uint64_t x = i;

		while (x != 1) {
			x = x & 1 ? 3 * x + 1 : x >> __builtin_ctzll(x);
			bits += __builtin_popcountll(x) + __builtin_clzll(x);
		}
	}
	printf("%d %llu\n", primes, (unsigned long long)bits);
	return 0;
}
