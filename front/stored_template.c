/* Templates: bytes with places for what was not known when they were made. src/runtime/stored/template.ts writes them. */
#include <string.h>

#include "stored.h"

#define DEPTH 8
#define PLAN_HEAD 24
#define PLAN_LENGTH_AT 20

enum op { OP_END, OP_LITERAL, OP_VARIABLE, OP_OPEN_TEXT, OP_CLOSE_TEXT, OP_OPEN_SIZED, OP_CLOSE_SIZED, OP_LIST };

/* What is being filled in: where the lengths stand that are not known yet. */
struct filling {
	struct bytes out;
	size_t open[DEPTH];
	unsigned depth;
};

static void open_length(struct filling *filling)
{
	filling->out.bad = filling->out.bad || filling->depth == DEPTH;
	if (filling->out.bad)
		return;
	filling->open[filling->depth++] = filling->out.size;
	put_u32(&filling->out, 0);
}

static void close_length(struct filling *filling)
{
	filling->out.bad = filling->out.bad || filling->depth == 0;
	if (filling->out.bad)
		return;
	size_t at = filling->open[--filling->depth], size = filling->out.size - at - 4;
	for (unsigned i = 0; i < 4; i++)
		filling->out.at[at + i] = (uint8_t)(size >> (8 * i));
}

static void put_list(struct bytes *out, char **list)
{
	uint32_t count = 0;
	while (list && list[count])
		count++;
	put_u32(out, count);
	for (uint32_t i = 0; i < count; i++) {
		size_t size = strlen(list[i]);
		put_u32(out, (uint32_t)size);
		put(out, list[i], size + 1);
	}
}

static void put_variable(struct bytes *out, uint32_t number, struct values *values)
{
	const char *text = number < VARIABLES ? values->texts[number] : NULL;
	out->bad = out->bad || !text;
	if (!text)
		return;
	values->used |= 1u << number;
	put(out, text, strlen(text));
}

struct bytes fill_in(struct bytes template, struct values *values)
{
	struct filling filling = { 0 };
	struct bytes *out = &filling.out;
	while (!template.bad && !out->bad) {
		uint32_t op = take_u32(&template);
		struct bytes literal;
		switch (template.bad ? VARIABLES : op) {
		case OP_LITERAL:
			literal = take(&template, take_u32(&template));
			put(out, literal.at, literal.size);
			break;
		case OP_VARIABLE:
			put_variable(out, take_u32(&template), values);
			break;
		case OP_OPEN_TEXT:
		case OP_OPEN_SIZED:
			open_length(&filling);
			break;
		case OP_CLOSE_TEXT:
			close_length(&filling);
			put(out, "", 1);
			break;
		case OP_CLOSE_SIZED:
			close_length(&filling);
			break;
		case OP_LIST:
			put_list(out, values->list);
			break;
		case OP_END:
			put(out, "", 1);
			out->size -= !out->bad;
			out->bad = out->bad || filling.depth != 0;
			return *out;
		default:
			out->bad = true;
		}
	}
	return (struct bytes){ .bad = true };
}

struct bytes fill_in_plan(struct bytes template, struct values *values)
{
	struct bytes plan = fill_in(template, values);
	plan.bad = plan.bad || plan.size < PLAN_HEAD;
	for (unsigned i = 0; !plan.bad && i < 4; i++)
		plan.at[PLAN_LENGTH_AT + i] = (uint8_t)(plan.size >> (8 * i));
	return plan;
}
