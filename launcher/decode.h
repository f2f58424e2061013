/*
 * Decoding of plans and file-step streams: every length is checked against what is left of the input before it is
 * used; strings are NUL-terminated in the input and hold no other NUL. See docs/plan.md for the format.
 */
#ifndef SAMPAN_DECODE_H
#define SAMPAN_DECODE_H

#include <stddef.h>
#include <stdint.h>

#define NO_SLOT (-1)

enum field_type {
	FIELD_U32, FIELD_U64, FIELD_SLOT, FIELD_PROGRAM, FIELD_STR, FIELD_STRS, FIELD_BYTES, FIELD_U32S,
};

/* Points into the input; text[len] is NUL. */
struct text {
	const char *text;
	uint32_t len;
};

/* items[count] is NULL, so that it serves as an argv. */
struct texts {
	char **items;
	uint32_t count;
};

struct blob {
	const uint8_t *data;
	uint32_t len;
};

struct numbers {
	uint32_t *items;
	uint32_t count;
};

/* Small, since there are hundreds. */
struct field {
	uint16_t type;
	uint16_t offset;
};

struct step_shape {
	uint16_t code;
	uint16_t field_count;
	uint32_t size;
	const struct field *fields;
};

enum on_error { ON_ERROR_FAIL, ON_ERROR_WARN, ON_ERROR_IGNORE, ON_ERROR_MISSING };

/* One decoded step: body points to the structure of its shape (struct step_mount, ...). */
struct step {
	const struct step_shape *shape;
	enum on_error on_error;
	const void *body;
};

struct program {
	const struct step *steps;
	uint32_t first; /* number of its first step, counted over the whole plan */
	uint32_t count;
};

struct plan {
	const struct program *programs;
	uint32_t program_count;
	uint32_t slot_count;
	uint32_t inherited_count;
};

/* A fixed piece of memory that decoded structures are cut from; nothing is ever given back but all at once. */
struct arena {
	uint8_t *base;
	size_t size;
	size_t used;
};

/* How much arena a plan of `length` bytes can need at the most. */
size_t plan_arena_size(size_t length);

/* Returns 0, or a negative errno: -EPROTO not a plan or malformed, -EPROTONOSUPPORT another version, -ENOMEM arena too small. */
int decode_plan(const uint8_t *input, size_t length, struct arena *arena, struct plan *out);

/*
 * Decodes the step at the start of `input` by the shapes given. Returns the number of bytes it takes, 0 when more
 * input is needed to see it whole, or a negative errno. slot_count and program_count bound those fields.
 */
int64_t decode_step(const uint8_t *input, size_t length, const struct step_shape *shapes, size_t shape_count,
		    uint32_t slot_count, uint32_t program_count, struct arena *arena, struct step *out);

#endif
