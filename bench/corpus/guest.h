/*
 * guest.h: what every program of the corpus needs.
 *
 * Programs take their sizes as arguments and print a checksum of their work, so that a run can be made longer or shorter
 * and a wrong result is seen. Pseudo-random input comes from one generator with a fixed seed: no run differs from another.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>
#include <stdlib.h>

/* argument gives the index-th argument as a number, or fallback where it is missing. */
static inline int argument(int argc, char **argv, int index, int fallback)
{
	return argc > index ? atoi(argv[index]) : fallback;
}

/* lcg steps the linear congruential generator of Numerical Recipes. Its low bits are weak: users take the high ones. */
static inline uint32_t lcg(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state;
}

#endif
