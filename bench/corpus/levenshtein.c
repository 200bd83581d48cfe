/*
 * levenshtein N: the edit distance of two random strings of N characters, one row of the table at a time.
 * Stresses minimums (branches or selects) and a dependence from each cell to the next.
 */
#include <stdio.h>
#include "guest.h"

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 2000);
	char *a = malloc(n);
	char *b = malloc(n);
	int *row = malloc((n + 1) * sizeof *row);
	uint32_t seed = 9;

	for (int i = 0; i < n; i++) {
		a[i] = lcg(&seed) >> 28;
		b[i] = lcg(&seed) >> 28;
	}
	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 1; i <= n; i++) {
		int diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= n; j++) {
			int above = row[j];
			int best = diagonal + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	printf("%d\n", row[n]);
	return 0;
}
