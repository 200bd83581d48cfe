/*
 * quicksort N ROUNDS: sorts N random numbers in place, ROUNDS times, and checks that they are in order.
 * Stresses loads, compares and branches that are hard to foresee.
 */
#include <stdio.h>
#include "guest.h"

/* sort recurses into the smaller part and loops over the larger, so its depth stays logarithmic. */
static void sort(int *a, int low, int high)
{
	while (low < high) {
		int pivot = a[(low + high) >> 1];
		int i = low;
		int j = high;

		while (i <= j) {
			while (a[i] < pivot)
				i++;
			while (a[j] > pivot)
				j--;
			if (i <= j) {
				int t = a[i];

				a[i] = a[j];
				a[j] = t;
				i++;
				j--;
			}
		}
		if (j - low < high - i) {
			sort(a, low, j);
			low = i;
		} else {
			sort(a, i, high);
			high = j;
		}
	}
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 1000000);
	int rounds = argument(argc, argv, 2, 1);
	int *a = malloc(n * sizeof *a);
	uint32_t seed = 12345;
	long sum = 0;

	for (int k = 0; k < rounds; k++) {
		for (int i = 0; i < n; i++)
			a[i] = lcg(&seed) >> 1;
		sort(a, 0, n - 1);
		for (int i = 1; i < n; i++)
			if (a[i - 1] > a[i])
				abort();
		sum += a[n / 2];
	}
	printf("%ld\n", sum);
	return 0;
}
