/*
 * fft ROUNDS: a radix-2 Fourier transform of 65536 complex numbers in place, ROUNDS times.
 * Stresses 32-bit floats and memory access in strides that double.
 */
#include <math.h>
#include <stdio.h>
#include "guest.h"

enum { SIZE = 1 << 16 };

static inline void swap(float *a, float *b)
{
	float t = *a;

	*a = *b;
	*b = t;
}

static void bit_reverse(float *re, float *im, int n)
{
	for (int i = 1, j = 0; i < n; i++) {
		int bit = n >> 1;

		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			swap(&re[i], &re[j]);
			swap(&im[i], &im[j]);
		}
	}
}

static void fft(float *re, float *im, int n, const float *cosines, const float *sines)
{
	bit_reverse(re, im, n);
	for (int span = 2; span <= n; span <<= 1) {
		int stride = n / span;

		for (int i = 0; i < n; i += span)
			for (int k = 0; k < span / 2; k++) {
				float wr = cosines[k * stride];
				float wi = sines[k * stride];
				int p = i + k;
				int q = p + span / 2;
				float xr = re[q] * wr - im[q] * wi;
				float xi = re[q] * wi + im[q] * wr;

				re[q] = re[p] - xr;
				im[q] = im[p] - xi;
				re[p] += xr;
				im[p] += xi;
			}
	}
}

int main(int argc, char **argv)
{
	int rounds = argument(argc, argv, 1, 20);
	float *re = malloc(SIZE * sizeof *re);
	float *im = malloc(SIZE * sizeof *im);
	float *cosines = malloc(SIZE / 2 * sizeof *cosines);
	float *sines = malloc(SIZE / 2 * sizeof *sines);
	double sum = 0;

	for (int i = 0; i < SIZE / 2; i++) {
		cosines[i] = cosf(-6.2831853f * i / SIZE);
		sines[i] = sinf(-6.2831853f * i / SIZE);
	}
	for (int k = 0; k < rounds; k++) {
		for (int i = 0; i < SIZE; i++) {
			re[i] = (i * k) % 31;
			im[i] = 0;
		}
		fft(re, im, SIZE, cosines, sines);
		sum += re[k + 1];
	}
	printf("%.0f\n", sum);
	return 0;
}
