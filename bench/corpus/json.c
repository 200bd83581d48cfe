/*
 * json ROUNDS: parses a generated document of 5000 records into a tree by recursive descent and writes it out into a
 * hash, ROUNDS times.
 * Stresses byte loads, switches, recursion, and a bump allocator.
 */
#include <stdio.h>
#include <string.h>
#include "guest.h"

enum { RECORDS = 5000, RECORD_TEXT = 200, RECORD_TREE = 1600 };

enum kind { NUL, TRUE, FALSE, STRING, ARRAY, OBJECT, NUMBER };

struct value {
	enum kind kind;
	double number;
	char *string;
	struct value *child; /* first element or member */
	struct value *next;  /* the one after this in its array or object */
	char *key;           /* of a member */
};

static char *arena;
static size_t arena_used;
static size_t arena_size;

static void *allocate(size_t n)
{
	n = (n + 15) & ~(size_t)15;
	if (arena_used + n > arena_size)
		abort();

	void *r = arena + arena_used;

	arena_used += n;
	return r;
}

static const char *cursor;

static void skip_space(void)
{
	while (*cursor == ' ' || *cursor == '\n' || *cursor == '\t' || *cursor == '\r')
		cursor++;
}

static void expect(char c)
{
	if (*cursor++ != c)
		abort();
}

static char unescape(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	default:
		return c;
	}
}

static char *parse_string(void)
{
	cursor++;

	const char *end = cursor;

	while (*end != '"') {
		if (*end == '\\')
			end++;
		end++;
	}

	char *string = allocate(end - cursor + 1);
	char *w = string;

	while (*cursor != '"') {
		if (*cursor == '\\') {
			cursor++;
			*w++ = unescape(*cursor++);
		} else {
			*w++ = *cursor++;
		}
	}
	*w = 0;
	cursor++;
	return string;
}

static double parse_number(void)
{
	int negative = 0;
	double x = 0;

	if (*cursor == '-') {
		negative = 1;
		cursor++;
	}
	while (*cursor >= '0' && *cursor <= '9')
		x = x * 10 + (*cursor++ - '0');
	if (*cursor == '.') {
		double place = 0.1;

		cursor++;
		while (*cursor >= '0' && *cursor <= '9') {
			x += place * (*cursor++ - '0');
			place *= 0.1;
		}
	}
	return negative ? -x : x;
}

static struct value *parse_value(void);

static void parse_object(struct value *object)
{
	struct value **link = &object->child;

	cursor++;
	skip_space();
	if (*cursor == '}') {
		cursor++;
		return;
	}
	for (;;) {
		skip_space();

		char *key = parse_string();

		skip_space();
		expect(':');

		struct value *member = parse_value();

		member->key = key;
		*link = member;
		link = &member->next;
		skip_space();
		if (*cursor == ',') {
			cursor++;
			continue;
		}
		expect('}');
		return;
	}
}

static void parse_array(struct value *array)
{
	struct value **link = &array->child;

	cursor++;
	skip_space();
	if (*cursor == ']') {
		cursor++;
		return;
	}
	for (;;) {
		struct value *element = parse_value();

		*link = element;
		link = &element->next;
		skip_space();
		if (*cursor == ',') {
			cursor++;
			continue;
		}
		expect(']');
		return;
	}
}

static struct value *parse_value(void)
{
	skip_space();

	struct value *v = allocate(sizeof *v);

	memset(v, 0, sizeof *v);
	switch (*cursor) {
	case '{':
		v->kind = OBJECT;
		parse_object(v);
		return v;
	case '[':
		v->kind = ARRAY;
		parse_array(v);
		return v;
	case '"':
		v->kind = STRING;
		v->string = parse_string();
		return v;
	case 't':
		cursor += 4;
		v->kind = TRUE;
		return v;
	case 'f':
		cursor += 5;
		v->kind = FALSE;
		return v;
	case 'n':
		cursor += 4;
		return v;
	default:
		v->kind = NUMBER;
		v->number = parse_number();
		return v;
	}
}

static uint32_t digest;
static double numbers;

static void emit(const char *s)
{
	while (*s)
		digest = (digest ^ (unsigned char)*s++) * 16777619u;
}

static void serialise(const struct value *v)
{
	switch (v->kind) {
	case NUL:
		emit("null");
		break;
	case TRUE:
		emit("true");
		break;
	case FALSE:
		emit("false");
		break;
	case STRING:
		emit("\"");
		emit(v->string);
		emit("\"");
		break;
	case NUMBER:
		numbers += v->number;
		break;
	case ARRAY:
		emit("[");
		for (const struct value *e = v->child; e; e = e->next) {
			serialise(e);
			emit(",");
		}
		emit("]");
		break;
	case OBJECT:
		emit("{");
		for (const struct value *m = v->child; m; m = m->next) {
			emit(m->key);
			emit(":");
			serialise(m);
			emit(",");
		}
		emit("}");
	}
}

/* generate writes the document into text and gives its length. */
static size_t generate(char *text)
{
	char *w = text;
	uint32_t x = 1;

	*w++ = '[';
	for (int i = 0; i < RECORDS; i++) {
		lcg(&x);
		w += sprintf(w,
			"%s{\"id\": %d, \"name\": \"user\\n%u\", \"tags\": [\"a%u\",\"b\",\"c\"], \"score\": %u.%03u, "
			"\"ok\": %s, \"nested\": {\"x\": -%u, \"y\": null}}",
			i ? ",\n" : "", i, (unsigned)(x % 1000), (unsigned)(x >> 24), (unsigned)((x >> 8) % 1000),
			(unsigned)(x % 1000), x & 1 ? "true" : "false", (unsigned)(x >> 20));
	}
	*w++ = ']';
	*w = 0;
	return w - text;
}

int main(int argc, char **argv)
{
	int rounds = argument(argc, argv, 1, 20);
	char *text = malloc(RECORDS * RECORD_TEXT);
	size_t len = generate(text);

	arena_size = (size_t)RECORDS * RECORD_TREE;
	arena = malloc(arena_size);
	for (int i = 0; i < rounds; i++) {
		arena_used = 0;
		cursor = text;
		serialise(parse_value());
	}
	printf("%lu %.3f %zu\n", (unsigned long)digest, numbers, arena_used > 0 ? len : 0);
	return 0;
}
