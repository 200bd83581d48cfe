/*
 * callind N: evaluates a random tree of 1023 closures for the arguments 0 to N-1.
 * Stresses call_indirect with many targets at each call site.
 */
#include <stdio.h>
#include "guest.h"

enum { DEPTH = 10 };

struct node {
	uint32_t (*eval)(const struct node *, uint32_t);
	struct node *left;
	struct node *right;
	uint32_t constant;
};

static uint32_t eval_add(const struct node *n, uint32_t x)
{
	return n->left->eval(n->left, x) + n->right->eval(n->right, x);
}

static uint32_t eval_mul(const struct node *n, uint32_t x)
{
	return n->left->eval(n->left, x) * n->right->eval(n->right, x);
}

static uint32_t eval_sub(const struct node *n, uint32_t x)
{
	return n->left->eval(n->left, x) - n->right->eval(n->right, x);
}

static uint32_t eval_if(const struct node *n, uint32_t x)
{
	return x & n->constant ? n->left->eval(n->left, x) : n->right->eval(n->right, x);
}

static uint32_t eval_constant(const struct node *n, uint32_t x)
{
	(void)x;
	return n->constant;
}

static uint32_t eval_argument(const struct node *n, uint32_t x)
{
	(void)n;
	return x;
}

static uint32_t seed = 7;

static uint32_t pick(void)
{
	return lcg(&seed) >> 8;
}

static struct node *grow(int depth)
{
	static uint32_t (*const inner[4])(const struct node *, uint32_t) = {eval_add, eval_mul, eval_sub, eval_if};
	struct node *n = malloc(sizeof *n);

	n->constant = pick() & 15;
	if (depth == 0) {
		n->eval = pick() & 1 ? eval_argument : eval_constant;
		return n;
	}
	n->eval = inner[pick() & 3];
	n->left = grow(depth - 1);
	n->right = grow(depth - 1);
	return n;
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 10000);
	struct node *root = grow(DEPTH);
	uint32_t sum = 0;

	for (int i = 0; i < n; i++)
		sum = sum * 31 + root->eval(root, i);
	printf("%u\n", sum);
	return 0;
}
