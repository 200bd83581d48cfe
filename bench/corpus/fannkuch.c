/*
 * fannkuch N: flips prefixes of all permutations of N numbers (3 <= N <= 16), and reports the most flips that one needed
 * (the Benchmarks Game's program).
 * Stresses short loops over small arrays.
 */
#include <stdio.h>
#include "guest.h"

/* flips counts how often the prefix of p must be reversed until 0 stands first. It works on the copy q. */
static inline int flips(const int *p, int *q, int n)
{
	int count = 1;
	int first = p[0];

	for (int i = 1; i < n; i++)
		q[i] = p[i];
	for (;;) {
		int next = q[first];

		if (next == 0)
			return count;
		q[first] = first;
		if (first >= 3) {
			int i = 1;
			int j = first - 1;

			do {
				int t = q[i];

				q[i] = q[j];
				q[j] = t;
				i++;
				j--;
			} while (i < j);
		}
		first = next;
		count++;
	}
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 9);
	int p[16];
	int q[16];
	int turns[16];
	int sign = 1;
	int most = 0;
	int sum = 0;

	for (int i = 0; i < n; i++) {
		p[i] = i;
		q[i] = i;
		turns[i] = i;
	}
	for (;;) {
		if (p[0]) {
			int count = flips(p, q, n);

			sum += sign * count;
			if (count > most)
				most = count;
		}
		if (sign == 1) {
			int t = p[0];

			p[0] = p[1];
			p[1] = t;
			sign = -1;
			continue;
		}

		int t = p[1];

		p[1] = p[2];
		p[2] = t;
		sign = 1;
		for (int i = 2; i < n; i++) {
			int left = turns[i];

			if (left != 0) {
				turns[i] = left - 1;
				break;
			}
			if (i == n - 1) {
				printf("%d\nPfannkuchen(%d) = %d\n", sum, n, most);
				return 0;
			}
			turns[i] = i;

			int head = p[0];

			for (int j = 0; j <= i; j++)
				p[j] = p[j + 1];
			p[i + 1] = head;
		}
	}
}
