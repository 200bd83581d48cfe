/*
 * blake2b MIB: compresses MIB megabytes with BLAKE2b's round function (no padding, no final block).
 * Stresses 64-bit additions, exclusive ors and rotations, and 64-bit loads picked by a table.
 */
#include <stdio.h>
#include <string.h>
#include "guest.h"

enum { BLOCK = 128, BUFFER = 1 << 20, ROUNDS = 12 };

static const uint64_t initial[8] = {
	0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL, 0x3c6ef372fe94f82bULL, 0xa54ff53a5f1d36f1ULL,
	0x510e527fade682d1ULL, 0x9b05688c2b3e6c1fULL, 0x1f83d9abfb41bd6bULL, 0x5be0cd19137e2179ULL,
};

static const uint8_t order[ROUNDS][16] = {
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
	{11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
	{7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
	{9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
	{2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
	{12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
	{13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
	{6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
	{10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

static inline uint64_t rotate_right(uint64_t x, int n)
{
	return x >> n | x << (64 - n);
}

/* mix is the function G of RFC 7693, section 3.1, on the words a, b, c and d of v. */
static inline void mix(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y)
{
	v[a] += v[b] + x;
	v[d] = rotate_right(v[d] ^ v[a], 32);
	v[c] += v[d];
	v[b] = rotate_right(v[b] ^ v[c], 24);
	v[a] += v[b] + y;
	v[d] = rotate_right(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = rotate_right(v[b] ^ v[c], 63);
}

static void compress(uint64_t *state, const uint8_t *block, uint64_t position)
{
	uint64_t v[16];
	uint64_t m[16];

	memcpy(m, block, BLOCK);
	for (int i = 0; i < 8; i++) {
		v[i] = state[i];
		v[i + 8] = initial[i];
	}
	v[12] ^= position;
	for (int r = 0; r < ROUNDS; r++) {
		const uint8_t *s = order[r];

		mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
		mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
		mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
		mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
		mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
		mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
		mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
		mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
	}
	for (int i = 0; i < 8; i++)
		state[i] ^= v[i] ^ v[i + 8];
}

int main(int argc, char **argv)
{
	int megabytes = argument(argc, argv, 1, 50);
	uint64_t state[8];
	uint8_t *buffer = malloc(BUFFER);

	memcpy(state, initial, sizeof state);
	for (int i = 0; i < BUFFER; i++)
		buffer[i] = i * 7 + (i >> 8);
	for (int k = 0; k < megabytes; k++)
		for (int i = 0; i < BUFFER; i += BLOCK)
			compress(state, buffer + i, (uint64_t)k << 20 | i);
	for (int i = 0; i < 8; i++)
		printf("%016llx", (unsigned long long)state[i]);
	puts("");
	return 0;
}
