/*
 * life GENERATIONS: Conway's Game of Life on a torus of 512 by 512 cells, one byte a cell.
 * Stresses byte loads and address arithmetic in nested loops.
 */
#include <stdio.h>
#include <string.h>
#include "guest.h"

enum { WIDTH = 512 };

static unsigned char now[WIDTH][WIDTH];
static unsigned char next[WIDTH][WIDTH];

static inline int neighbours(int i, int j)
{
	int n = 0;

	for (int di = -1; di <= 1; di++)
		for (int dj = -1; dj <= 1; dj++)
			if (di | dj)
				n += now[(i + di) & (WIDTH - 1)][(j + dj) & (WIDTH - 1)];
	return n;
}

int main(int argc, char **argv)
{
	int generations = argument(argc, argv, 1, 50);
	uint32_t seed = 3;
	int alive = 0;

	for (int i = 0; i < WIDTH; i++)
		for (int j = 0; j < WIDTH; j++)
			now[i][j] = lcg(&seed) >> 31;
	for (int g = 0; g < generations; g++) {
		for (int i = 0; i < WIDTH; i++)
			for (int j = 0; j < WIDTH; j++) {
				int n = neighbours(i, j);

				next[i][j] = n == 3 || (n == 2 && now[i][j]);
			}
		memcpy(now, next, sizeof now);
	}
	for (int i = 0; i < WIDTH; i++)
		for (int j = 0; j < WIDTH; j++)
			alive += now[i][j];
	printf("%d\n", alive);
	return 0;
}
