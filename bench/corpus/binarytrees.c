/*
 * binarytrees DEPTH: builds, counts and frees binary trees of up to DEPTH levels (the Benchmarks Game's program).
 * Stresses malloc and free, and following pointers by recursion.
 */
#include <stdio.h>
#include "guest.h"

struct tree {
	struct tree *left;
	struct tree *right;
};

static struct tree *build(int depth)
{
	struct tree *t = malloc(sizeof *t);

	if (depth > 0) {
		t->left = build(depth - 1);
		t->right = build(depth - 1);
	} else {
		t->left = NULL;
		t->right = NULL;
	}
	return t;
}

static int count(const struct tree *t)
{
	return t->left ? 1 + count(t->left) + count(t->right) : 1;
}

static void discard(struct tree *t)
{
	if (t->left) {
		discard(t->left);
		discard(t->right);
	}
	free(t);
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 15);
	int least = 4;
	int most = n < 6 ? 6 : n;
	struct tree *stretch = build(most + 1);

	printf("stretch %d\n", count(stretch));
	discard(stretch);

	struct tree *lasting = build(most);

	for (int depth = least; depth <= most; depth += 2) {
		int trees = 1 << (most - depth + least);
		long check = 0;

		for (int i = 0; i < trees; i++) {
			struct tree *t = build(depth);

			check += count(t);
			discard(t);
		}
		printf("%d trees depth %d check %ld\n", trees, depth, check);
	}
	printf("long %d\n", count(lasting));
	return 0;
}
