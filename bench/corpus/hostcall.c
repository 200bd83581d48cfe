/*
 * hostcall N: asks for the monotonic clock N times and checks that it never goes back.
 * Stresses the way from guest to host and back (clock_time_get).
 */
#include <stdio.h>
#include <time.h>
#include "guest.h"

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 1000000);
	struct timespec now;
	long long last = 0;
	long set = 0;
	int backward = 0;

	for (int i = 0; i < n; i++) {
		clock_gettime(CLOCK_MONOTONIC, &now);

		long long nanoseconds = now.tv_sec * 1000000000LL + now.tv_nsec;

		if (nanoseconds < last)
			backward++;
		last = nanoseconds;
		set += nanoseconds != 0;
	}
	printf("%d %d\n", backward, set > 0);
	return 0;
}
