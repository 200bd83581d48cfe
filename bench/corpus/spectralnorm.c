/*
 * spectralnorm N: the spectral norm of an infinite matrix's first N by N elements, by the power method
 * (the Benchmarks Game's program).
 * Stresses 64-bit float division, integer division and conversions in a tight loop.
 */
#include <math.h>
#include <stdio.h>
#include "guest.h"

enum { ITERATIONS = 10 };

static inline double element(int i, int j)
{
	return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

static void times(int n, const double *v, double *product)
{
	for (int i = 0; i < n; i++) {
		double sum = 0;

		for (int j = 0; j < n; j++)
			sum += element(i, j) * v[j];
		product[i] = sum;
	}
}

static void transposed_times(int n, const double *v, double *product)
{
	for (int i = 0; i < n; i++) {
		double sum = 0;

		for (int j = 0; j < n; j++)
			sum += element(j, i) * v[j];
		product[i] = sum;
	}
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 500);
	double *u = malloc(n * sizeof *u);
	double *v = malloc(n * sizeof *v);
	double *t = malloc(n * sizeof *t);
	double uv = 0;
	double vv = 0;

	for (int i = 0; i < n; i++)
		u[i] = 1;
	for (int i = 0; i < ITERATIONS; i++) {
		times(n, u, t);
		transposed_times(n, t, v);
		times(n, v, t);
		transposed_times(n, t, u);
	}
	for (int i = 0; i < n; i++) {
		uv += u[i] * v[i];
		vv += v[i] * v[i];
	}
	printf("%0.9f\n", sqrt(uv / vv));
	return 0;
}
