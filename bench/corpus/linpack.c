/*
 * linpack N ROUNDS: solves a dense system of N equations by Gaussian elimination, ROUNDS times. The functions are
 * LINPACK's, with daxpy unrolled four times as in its C version; matrices are stored by columns.
 * Stresses 64-bit floats in sequence: load, multiply, add, store.
 */
#include <math.h>
#include <stdio.h>
#include "guest.h"

/* daxpy adds a times x to y. */
static void daxpy(int n, double a, const double *x, double *y)
{
	if (n <= 0 || a == 0)
		return;

	int odd = n % 4;

	for (int i = 0; i < odd; i++)
		y[i] += a * x[i];
	for (int i = odd; i < n; i += 4) {
		y[i] += a * x[i];
		y[i + 1] += a * x[i + 1];
		y[i + 2] += a * x[i + 2];
		y[i + 3] += a * x[i + 3];
	}
}

/* idamax gives the index of the element of largest magnitude. */
static int idamax(int n, const double *x)
{
	int index = 0;
	double most = fabs(x[0]);

	for (int i = 1; i < n; i++)
		if (fabs(x[i]) > most) {
			most = fabs(x[i]);
			index = i;
		}
	return index;
}

static inline void swap(double *a, double *b)
{
	double t = *a;

	*a = *b;
	*b = t;
}

/* dgefa factors the matrix a into L and U, with the row exchanges in pivots. */
static void dgefa(double *a, int lda, int n, int *pivots)
{
	for (int k = 0; k < n - 1; k++) {
		double *column = &a[lda * k];
		int l = idamax(n - k, &column[k]) + k;

		pivots[k] = l;
		if (column[l] == 0)
			continue;
		if (l != k)
			swap(&column[l], &column[k]);

		double scale = -1.0 / column[k];

		for (int i = k + 1; i < n; i++)
			column[i] *= scale;
		for (int j = k + 1; j < n; j++) {
			double *other = &a[lda * j];
			double t = other[l];

			if (l != k) {
				other[l] = other[k];
				other[k] = t;
			}
			daxpy(n - k - 1, t, &column[k + 1], &other[k + 1]);
		}
	}
	pivots[n - 1] = n - 1;
}

/* dgesl solves for the right-hand side b with what dgefa left in a. */
static void dgesl(const double *a, int lda, int n, const int *pivots, double *b)
{
	for (int k = 0; k < n - 1; k++) {
		int l = pivots[k];
		double t = b[l];

		if (l != k) {
			b[l] = b[k];
			b[k] = t;
		}
		daxpy(n - k - 1, t, &a[lda * k + k + 1], &b[k + 1]);
	}
	for (int k = n - 1; k >= 0; k--) {
		b[k] /= a[lda * k + k];
		daxpy(k, -b[k], &a[lda * k], b);
	}
}

/* generate fills a with numbers between -2 and 2, and b so that every unknown is 1. */
static void generate(double *a, int lda, int n, double *b)
{
	unsigned x = 1325;

	for (int j = 0; j < n; j++)
		for (int i = 0; i < n; i++) {
			x = 3125 * x % 65536;
			a[lda * j + i] = ((int)x - 32768) / 16384.0;
		}
	for (int i = 0; i < n; i++)
		b[i] = 0;
	for (int j = 0; j < n; j++)
		for (int i = 0; i < n; i++)
			b[i] += a[lda * j + i];
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 400);
	int rounds = argument(argc, argv, 2, 1);
	int lda = n + 1;
	double *a = malloc(sizeof *a * lda * n);
	double *b = malloc(sizeof *b * n);
	int *pivots = malloc(sizeof *pivots * n);
	double sum = 0;

	for (int r = 0; r < rounds; r++) {
		generate(a, lda, n, b);
		dgefa(a, lda, n, pivots);
		dgesl(a, lda, n, pivots, b);
		sum += b[n / 2];
	}
	printf("%.6f\n", sum);
	return 0;
}
