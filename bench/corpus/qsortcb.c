/*
 * qsortcb N: sorts N numbers up, then N others down, with a generic heap sort that compares through a callback and swaps
 * byte by byte. The sort is our own, so that every platform runs the same algorithm whatever its C library does.
 * Stresses call_indirect and byte access in the hot loop.
 */
#include <stdio.h>
#include "guest.h"

typedef int compare_func(const void *, const void *);

static int ascending(const void *a, const void *b)
{
	int x = *(const int *)a;
	int y = *(const int *)b;

	return x < y ? -1 : x > y;
}

static int descending(const void *a, const void *b)
{
	int x = *(const int *)a;
	int y = *(const int *)b;

	return x > y ? -1 : x < y;
}

static inline void swap(char *a, char *b, size_t width)
{
	for (size_t k = 0; k < width; k++) {
		char t = a[k];

		a[k] = b[k];
		b[k] = t;
	}
}

/* sift moves the element at root down until the heap of the first n elements is in order again. */
static inline void sift(char *base, size_t root, size_t n, size_t width, compare_func *compare)
{
	for (;;) {
		size_t child = 2 * root + 1;

		if (child >= n)
			return;
		if (child + 1 < n && compare(base + child * width, base + (child + 1) * width) < 0)
			child++;
		if (compare(base + root * width, base + child * width) >= 0)
			return;
		swap(base + root * width, base + child * width, width);
		root = child;
	}
}

static void heap_sort(char *base, size_t n, size_t width, compare_func *compare)
{
	for (size_t start = n / 2; start-- > 0;)
		sift(base, start, n, width, compare);
	for (size_t end = n - 1; end > 0; end--) {
		swap(base, base + end * width, width);
		sift(base, 0, end, width, compare);
	}
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 500000);
	int *a = malloc(n * sizeof *a);
	uint32_t seed = 12345;
	long long sum = 0;
	/* volatile: the compiler must not see which function is called, nor how wide an element is. */
	compare_func *volatile orders[2] = {ascending, descending};
	volatile size_t width = sizeof *a;

	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < n; i++)
			a[i] = lcg(&seed) >> 1;
		heap_sort((char *)a, n, width, orders[k]);
		sum += a[n / 2];
	}
	printf("%lld\n", sum);
	return 0;
}
