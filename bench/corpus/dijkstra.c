/*
 * dijkstra NODES ROUNDS: shortest paths from one node to all others in a random graph of NODES nodes, 8 edges each,
 * ROUNDS times from different nodes, with a binary heap as the queue.
 * Stresses scattered memory access and branches that depend on what was loaded.
 */
#include <stdio.h>
#include "guest.h"

enum { DEGREE = 8, UNREACHED = 1 << 30 };

struct entry {
	int distance;
	int node;
};

static struct entry *heap;
static int heap_len;

static void push(int distance, int node)
{
	int i = heap_len++;

	while (i && heap[(i - 1) / 2].distance > distance) {
		heap[i] = heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	heap[i].distance = distance;
	heap[i].node = node;
}

static struct entry pop(void)
{
	struct entry top = heap[0];
	struct entry last = heap[--heap_len];
	int i = 0;

	for (;;) {
		int child = 2 * i + 1;

		if (child >= heap_len)
			break;
		if (child + 1 < heap_len && heap[child + 1].distance < heap[child].distance)
			child++;
		if (heap[child].distance >= last.distance)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return top;
}

int main(int argc, char **argv)
{
	int nodes = argument(argc, argv, 1, 100000);
	int rounds = argument(argc, argv, 2, 1);
	int edges = nodes * DEGREE;
	int *to = malloc(edges * sizeof *to);
	int *weight = malloc(edges * sizeof *weight);
	int *distance = malloc(nodes * sizeof *distance);
	uint32_t seed = 5;
	long long sum = 0;

	heap = malloc(sizeof *heap * (edges + 1));
	for (int i = 0; i < edges; i++) {
		to[i] = (lcg(&seed) >> 4) % nodes;
		weight[i] = 1 + (lcg(&seed) >> 20);
	}
	for (int k = 0; k < rounds; k++) {
		for (int i = 0; i < nodes; i++)
			distance[i] = UNREACHED;

		int source = k * 37 % nodes;

		distance[source] = 0;
		heap_len = 0;
		push(0, source);
		while (heap_len) {
			struct entry near = pop();

			if (near.distance > distance[near.node])
				continue;
			for (int e = near.node * DEGREE; e < near.node * DEGREE + DEGREE; e++) {
				int d = near.distance + weight[e];

				if (d < distance[to[e]]) {
					distance[to[e]] = d;
					push(d, to[e]);
				}
			}
		}
		for (int i = 0; i < nodes; i++)
			sum += distance[i] < UNREACHED ? distance[i] : 0;
	}
	printf("%lld\n", sum);
	return 0;
}
