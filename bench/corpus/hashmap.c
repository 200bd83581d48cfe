/*
 * hashmap N: counts N random words with an open-addressing hash map of strings that grows.
 * Stresses byte loads, string comparison, and scattered memory access.
 */
#include <stdio.h>
#include <string.h>
#include "guest.h"

enum { FIRST_CAPACITY = 1024, VOCABULARY = 100000 };

struct entry {
	char *key;
	int count;
};

static struct entry *table;
static uint32_t capacity;
static uint32_t entries;

/* hash is 32-bit FNV-1a. */
static uint32_t hash(const char *s, int len)
{
	uint32_t h = 2166136261u;

	for (int i = 0; i < len; i++)
		h = (h ^ (uint8_t)s[i]) * 16777619u;
	return h;
}

static void grow(void)
{
	struct entry *old = table;
	uint32_t old_capacity = capacity;

	capacity *= 2;
	table = calloc(capacity, sizeof *table);
	for (uint32_t j = 0; j < old_capacity; j++) {
		if (!old[j].key)
			continue;

		uint32_t i = hash(old[j].key, strlen(old[j].key)) & (capacity - 1);

		while (table[i].key)
			i = (i + 1) & (capacity - 1);
		table[i] = old[j];
	}
	free(old);
}

static struct entry *lookup(const char *s, int len)
{
	uint32_t i = hash(s, len) & (capacity - 1);

	while (table[i].key) {
		if (!strncmp(table[i].key, s, len) && !table[i].key[len])
			return &table[i];
		i = (i + 1) & (capacity - 1);
	}
	if (entries * 4 > capacity * 3) {
		grow();
		return lookup(s, len);
	}
	entries++;
	table[i].key = malloc(len + 1);
	memcpy(table[i].key, s, len);
	table[i].key[len] = 0;
	return &table[i];
}

/* spell writes word number n of the vocabulary into s and gives its length. */
static int spell(char *s, uint32_t n)
{
	int len = 0;

	s[len++] = 'w';
	do {
		s[len++] = 'a' + n % 26;
		n /= 26;
	} while (n);
	return len;
}

int main(int argc, char **argv)
{
	int n = argument(argc, argv, 1, 2000000);
	uint32_t seed = 1;
	char word[32];
	int most = 0;

	capacity = FIRST_CAPACITY;
	table = calloc(capacity, sizeof *table);
	for (int i = 0; i < n; i++) {
		int len = spell(word, (lcg(&seed) >> 9) % VOCABULARY);

		lookup(word, len)->count++;
	}
	for (uint32_t i = 0; i < capacity; i++)
		if (table[i].key && table[i].count > most)
			most = table[i].count;
	printf("%u %d\n", entries, most);
	return 0;
}
