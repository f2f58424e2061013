#include "decode.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "steps.gen.h"

#define HEADER_SIZE 24
#define STEP_HEAD_SIZE 8
#define MAX_PLAN (16u << 20)
#define MAX_PROGRAMS 64
#define MAX_SLOTS 1024
#define MAX_STEPS 65536
#define NONE 0xffffffffu

/* What is left of the input. A failed read empties it, so that nothing can be read past a failure. */
struct reader {
	const uint8_t *at;
	size_t left;
};

struct bounds {
	uint32_t slots, programs;
};

typedef int read_field(struct reader *from, struct arena *arena, const struct bounds *bounds, void *out);

size_t plan_arena_size(size_t length)
{
	/* The densest encodings grow the most: an empty list (4 bytes) becomes 16 + 8, a step's head (8) 24 + 8. */
	return length * 8 + 4096;
}

static void *arena_take(struct arena *arena, size_t size)
{
	size_t start = (arena->used + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (start > arena->size || size > arena->size - start)
		return NULL;
	arena->used = start + size;
	return memset(arena->base + start, 0, size);
}

static const uint8_t *take(struct reader *from, size_t size)
{
	const uint8_t *at = from->at;
	if (size > from->left) {
		from->left = 0;
		return NULL;
	}
	from->at += size;
	from->left -= size;
	return at;
}

static uint64_t little_endian(const uint8_t *bytes, unsigned count)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < count; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

static int take_u32(struct reader *from, uint32_t *out)
{
	const uint8_t *bytes = take(from, 4);
	if (!bytes)
		return -EPROTO;
	*out = (uint32_t)little_endian(bytes, 4);
	return 0;
}

static int read_u32(struct reader *from, struct arena *arena, const struct bounds *bounds, void *out)
{
	(void)arena, (void)bounds;
	return take_u32(from, out);
}

static int read_u64(struct reader *from, struct arena *arena, const struct bounds *bounds, void *out)
{
	(void)arena, (void)bounds;
	const uint8_t *bytes = take(from, 8);
	if (!bytes)
		return -EPROTO;
	*(uint64_t *)out = little_endian(bytes, 8);
	return 0;
}

static int read_slot(struct reader *from, struct arena *arena, const struct bounds *bounds, void *out)
{
	(void)arena;
	uint32_t number;
	if (take_u32(from, &number) || (number != NONE && number >= bounds->slots))
		return -EPROTO;
	*(int32_t *)out = number == NONE ? NO_SLOT : (int32_t)number;
	return 0;
}

static int read_program(struct reader *from, struct arena *arena, const struct bounds *bounds, void *out)
{
	(void)arena;
	uint32_t number;
	if (take_u32(from, &number) || (number != NONE && number >= bounds->programs))
		return -EPROTO;
	*(uint32_t *)out = number;
	return 0;
}

static int read_str(struct reader *from, struct arena *arena, const struct bounds *bounds, void *out)
{
	(void)arena, (void)bounds;
	struct text *text = out;
	if (take_u32(from, &text->len))
		return -EPROTO;
	text->text = (const char *)take(from, (size_t)text->len + 1);
	if (!text->text || text->text[text->len] != 0 || memchr(text->text, 0, text->len))
		return -EPROTO;
	return 0;
}

static int read_strs(struct reader *from, struct arena *arena, const struct bounds *bounds, void *out)
{
	struct texts *texts = out;
	/* The shortest str takes five bytes, so a count that cannot be true is seen before memory is taken. */
	if (take_u32(from, &texts->count) || texts->count > from->left / 5)
		return -EPROTO;
	texts->items = arena_take(arena, ((size_t)texts->count + 1) * sizeof *texts->items);
	if (!texts->items)
		return -ENOMEM;
	for (uint32_t i = 0; i < texts->count; i++) {
		struct text text;
		if (read_str(from, arena, bounds, &text))
			return -EPROTO;
		texts->items[i] = (char *)(uintptr_t)text.text;
	}
	return 0;
}

static int read_bytes(struct reader *from, struct arena *arena, const struct bounds *bounds, void *out)
{
	(void)arena, (void)bounds;
	struct blob *blob = out;
	if (take_u32(from, &blob->len))
		return -EPROTO;
	blob->data = take(from, blob->len);
	return blob->data ? 0 : -EPROTO;
}

static int read_u32s(struct reader *from, struct arena *arena, const struct bounds *bounds, void *out)
{
	(void)bounds;
	struct numbers *numbers = out;
	if (take_u32(from, &numbers->count) || numbers->count > from->left / 4)
		return -EPROTO;
	numbers->items = arena_take(arena, (size_t)numbers->count * sizeof *numbers->items);
	if (!numbers->items)
		return -ENOMEM;
	for (uint32_t i = 0; i < numbers->count; i++)
		take_u32(from, &numbers->items[i]);
	return 0;
}

static read_field *const readers[] = {
	[FIELD_U32] = read_u32, [FIELD_U64] = read_u64, [FIELD_SLOT] = read_slot, [FIELD_PROGRAM] = read_program,
	[FIELD_STR] = read_str, [FIELD_STRS] = read_strs, [FIELD_BYTES] = read_bytes, [FIELD_U32S] = read_u32s,
};

static const struct step_shape *shape_of(uint16_t code, const struct step_shape *shapes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (shapes[i].code == code)
			return &shapes[i];
	return NULL;
}

static int decode_body(struct reader body, const struct step_shape *shape, const struct bounds *bounds,
		       struct arena *arena, void *out)
{
	for (unsigned i = 0; i < shape->field_count; i++) {
		const struct field *field = &shape->fields[i];
		int result = readers[field->type](&body, arena, bounds, (uint8_t *)out + field->offset);
		if (result)
			return result;
	}
	return body.left == 0 ? 0 : -EPROTO;
}

int64_t decode_step(const uint8_t *input, size_t length, const struct step_shape *shapes, size_t shape_count,
		    uint32_t slot_count, uint32_t program_count, struct arena *arena, struct step *out)
{
	if (length < STEP_HEAD_SIZE)
		return 0;
	uint16_t on_error = (uint16_t)little_endian(input + 2, 2);
	uint32_t size = (uint32_t)little_endian(input + 4, 4);
	const struct step_shape *shape = shape_of((uint16_t)little_endian(input, 2), shapes, shape_count);
	if (!shape || on_error > ON_ERROR_MISSING || size > MAX_PLAN)
		return -EPROTO;
	if (length - STEP_HEAD_SIZE < size)
		return 0;
	void *body = arena_take(arena, shape->size);
	if (!body)
		return -ENOMEM;
	const struct bounds bounds = { slot_count, program_count };
	const struct reader from = { input + STEP_HEAD_SIZE, size };
	int result = decode_body(from, shape, &bounds, arena, body);
	if (result)
		return result;
	*out = (struct step){ .shape = shape, .on_error = (enum on_error)on_error, .body = body };
	return STEP_HEAD_SIZE + (int64_t)size;
}

/* Cuts the program table and leaves the reader at the first step; the tables of steps are filled by the caller. */
static int decode_programs(struct reader *from, uint32_t step_count, struct program *programs, uint32_t count,
			   const struct step *steps)
{
	uint64_t first = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t length;
		if (take_u32(from, &length) || length > step_count - first)
			return -EPROTO;
		programs[i] = (struct program){ .steps = steps + first, .first = (uint32_t)first, .count = length };
		first += length;
	}
	return first == step_count ? 0 : -EPROTO;
}

static int decode_steps(struct reader *from, const struct plan *plan, struct arena *arena, struct step *steps,
			uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int64_t size = decode_step(from->at, from->left, step_shapes, sizeof step_shapes / sizeof *step_shapes,
					   plan->slot_count, plan->program_count, arena, &steps[i]);
		if (size <= 0)
			return size == 0 ? -EPROTO : (int)size;
		take(from, (size_t)size);
	}
	return from->left == 0 ? 0 : -EPROTO;
}

int decode_plan(const uint8_t *input, size_t length, struct arena *arena, struct plan *out)
{
	if (length < HEADER_SIZE || length > MAX_PLAN || little_endian(input, 4) != PLAN_MAGIC)
		return -EPROTO;
	if (little_endian(input + 4, 2) != PLAN_VERSION)
		return -EPROTONOSUPPORT;
	uint32_t step_count = (uint32_t)little_endian(input + 16, 4);
	struct plan plan = {
		.program_count = (uint32_t)little_endian(input + 6, 2),
		.slot_count = (uint32_t)little_endian(input + 8, 4),
		.inherited_count = (uint32_t)little_endian(input + 12, 4),
	};
	if (plan.program_count < 1 || plan.program_count > MAX_PROGRAMS || plan.slot_count > MAX_SLOTS ||
	    plan.inherited_count > plan.slot_count || step_count > MAX_STEPS || little_endian(input + 20, 4) != length)
		return -EPROTO;
	struct reader from = { input + HEADER_SIZE, length - HEADER_SIZE };
	/* Each step takes at least its head, so a count that cannot be true takes no memory. */
	if (step_count > from.left / STEP_HEAD_SIZE)
		return -EPROTO;
	struct program *programs = arena_take(arena, plan.program_count * sizeof *programs);
	struct step *steps = arena_take(arena, step_count * sizeof *steps);
	if (!programs || !steps)
		return -ENOMEM;
	int result = decode_programs(&from, step_count, programs, plan.program_count, steps);
	if (!result)
		result = decode_steps(&from, &plan, arena, steps, step_count);
	plan.programs = programs;
	if (!result)
		*out = plan;
	return result;
}
