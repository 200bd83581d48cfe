/*
 * imatmul N: multiplies two matrices of N by N 32-bit integers, the plain way.
 * Stresses an inner loop of one load in sequence, one load by a large stride, a multiplication and an addition.
 */
#include <stdio.h>
#include "guest.h"

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 300);
	int *a = malloc(n * n * sizeof *a);
	int *b = malloc(n * n * sizeof *b);
	int *product = malloc(n * n * sizeof *product);
	unsigned sum = 0;

	for (int i = 0; i < n * n; i++) {
		a[i] = i % 97;
		b[i] = i % 89;
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++) {
			int s = 0;

			for (int k = 0; k < n; k++)
				s += a[i * n + k] * b[k * n + j];
			product[i * n + j] = s;
		}
	for (int i = 0; i < n * n; i += 7)
		sum += product[i];
	printf("%u\n", sum);
	return 0;
}
