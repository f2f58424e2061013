/*
 * decode-check PLAN: the plan in that file must decode; cut anywhere, or with any byte changed, it must be refused or
 * decoded without a read out of bounds (this program is built with sanitizers). Prints how many inputs were tried.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"

#define LENGTH_AT 20 /* in the header */

static int decode_copy(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length ? length : 1);
	struct arena arena = { .base = malloc(plan_arena_size(length)), .size = plan_arena_size(length) };
	struct plan plan;
	memcpy(copy, bytes, length);
	int result = decode_plan(copy, length, &arena, &plan);
	free(arena.base);
	free(copy);
	return result;
}

static void set_length(uint8_t *bytes, size_t length)
{
	for (unsigned i = 0; length >= LENGTH_AT + 4 && i < 4; i++)
		bytes[LENGTH_AT + i] = (uint8_t)(length >> (8 * i));
}

/* Every cut must be refused, also when the header tells the length truly. */
static int try_cuts(uint8_t *bytes, size_t length)
{
	for (size_t cut = 0; cut < length; cut++) {
		set_length(bytes, length);
		if (decode_copy(bytes, cut) == 0)
			return fprintf(stderr, "a plan cut at byte %zu was taken\n", cut), -1;
		set_length(bytes, cut);
		if (decode_copy(bytes, cut) == 0)
			return fprintf(stderr, "a plan cut at byte %zu, with that length, was taken\n", cut), -1;
	}
	set_length(bytes, length);
	return 0;
}

static void try_changes(uint8_t *bytes, size_t length)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff };
	for (size_t at = 0; at < length; at++) {
		uint8_t kept = bytes[at];
		for (size_t i = 0; i < sizeof values; i++) {
			bytes[at] = values[i];
			decode_copy(bytes, length);
		}
		bytes[at] = kept;
	}
}

/* Four bytes at once: every place that may be a length, with lengths that overflow when something is added to them. */
static void try_lengths(uint8_t *bytes, size_t length)
{
	static const uint32_t values[] = { 0xffffffff, 0xfffffffe, 0x7fffffff, 0x80000000, 0x10000, 0 };
	for (size_t at = 0; at + 4 <= length; at++) {
		uint8_t kept[4];
		memcpy(kept, bytes + at, 4);
		for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
			memcpy(bytes + at, &values[i], 4);
			decode_copy(bytes, length);
		}
		memcpy(bytes + at, kept, 4);
	}
}

int main(int argc, char **argv)
{
	static uint8_t bytes[1 << 20];
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	if (!file)
		return fputs("usage: decode-check PLAN\n", stderr), 2;
	size_t length = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	int result = decode_copy(bytes, length);
	if (result)
		return fprintf(stderr, "the whole plan was refused: %d\n", result), 1;
	if (try_cuts(bytes, length))
		return 1;
	try_changes(bytes, length);
	try_lengths(bytes, length);
	printf("%zu\n", 2 * length + 12 * length);
	return 0;
}
