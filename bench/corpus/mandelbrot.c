/*
 * mandelbrot N: counts the iterations (50 at most) of each of N by N points of the Mandelbrot set.
 * Stresses 64-bit floats that stay in registers, in a loop with two exits.
 */
#include <stdio.h>
#include "guest.h"

enum { LIMIT = 50 };

static inline int iterations(double cr, double ci)
{
	double zr = 0;
	double zi = 0;
	int i = 0;

	while (i < LIMIT && zr * zr + zi * zi <= 4.0) {
		double t = zr * zr - zi * zi + cr;

		zi = 2 * zr * zi + ci;
		zr = t;
		i++;
	}
	return i;
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 600);
	uint32_t sum = 0;

	for (int y = 0; y < n; y++)
		for (int x = 0; x < n; x++)
			sum = sum * 31 + iterations(2.0 * x / n - 1.5, 2.0 * y / n - 1.0);
	printf("%lu\n", (unsigned long)sum);
	return 0;
}
