/*
 * fib N: the N-th Fibonacci number by double recursion.
 * Stresses direct calls and returns of a tiny function.
 */
#include <stdio.h>
#include "guest.h"

__attribute__((noinline)) static int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 35);

	printf("fib(%d)=%d\n", n, fib(n));
	return 0;
}
