/* Feeds anything to both decoders: plans as a whole, file steps as a stream. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "steps.gen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t seen;

/* Reads everything that was decoded, so that a pointer out of bounds shows. */
static void touch(const struct step *step)
{
	for (unsigned i = 0; i < step->shape->field_count; i++) {
		const void *value = (const uint8_t *)step->body + step->shape->fields[i].offset;
		const struct text *text = value;
		const struct texts *texts = value;
		const struct blob *blob = value;
		const struct numbers *numbers = value;
		switch (step->shape->fields[i].type) {
		case FIELD_STR:
			if (strlen(text->text) != text->len)
				abort();
			break;
		case FIELD_STRS:
			for (uint32_t k = 0; k < texts->count; k++)
				seen += strlen(texts->items[k]);
			if (texts->items[texts->count])
				abort();
			break;
		case FIELD_BYTES:
			for (uint32_t k = 0; k < blob->len; k++)
				seen += blob->data[k];
			break;
		case FIELD_U32S:
			for (uint32_t k = 0; k < numbers->count; k++)
				seen += numbers->items[k];
			break;
		default:
			break;
		}
	}
}

static void plan(const uint8_t *data, size_t size)
{
	struct arena arena = { .base = malloc(plan_arena_size(size)), .size = plan_arena_size(size) };
	struct plan plan;
	int result = decode_plan(data, size, &arena, &plan);
	/* The size that was promised to be enough must be. */
	if (result == -ENOMEM)
		abort();
	for (uint32_t p = 0; result == 0 && p < plan.program_count; p++)
		for (uint32_t i = 0; i < plan.programs[p].count; i++)
			touch(&plan.programs[p].steps[i]);
	free(arena.base);
}

static void stream(const uint8_t *data, size_t size)
{
	struct arena arena = { .base = malloc(plan_arena_size(size)), .size = plan_arena_size(size) };
	const size_t shapes = sizeof file_shapes / sizeof *file_shapes;
	struct step step;
	for (size_t done = 0; done < size;) {
		arena.used = 0;
		int64_t taken = decode_step(data + done, size - done, file_shapes, shapes, 0, 0, &arena, &step);
		if (taken == -ENOMEM || taken > (int64_t)(size - done))
			abort();
		if (taken <= 0)
			break;
		touch(&step);
		done += (size_t)taken;
	}
	free(arena.base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In memory of exactly that size, so that the sanitizer sees a read past the end. */
	uint8_t *copy = malloc(size ? size : 1);
	memcpy(copy, data, size);
	plan(copy, size);
	stream(copy, size);
	free(copy);
	return 0;
}
