/*
 * libm N: sums sines, exponentials, logarithms and powers of N-1 numbers.
 * Stresses 64-bit floats, conversions between floats and integers, and floor.
 */
#include <math.h>
#include <stdio.h>
#include "guest.h"

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 500000);
	double sum = 0;

	for (int i = 1; i < n; i++) {
		double x = i * 0.001;

		sum += sin(x) * exp(-x * 0.0001) + log(x) + pow(x, 0.3) + floor(x * 1.7) - (int)(x * 1.3);
	}
	printf("%.4f\n", sum);
	return 0;
}
