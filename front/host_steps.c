/* The steps of a plan in its wire form, from the table of steps; src/kernel/encode-steps.ts does the same one by one. */
#include <stdbool.h>
#include <string.h>

#include "host.h"

#define NO_ROOM (-1)
#define NOT_TAKEN (-2)
#define THROWN (-3)
#define MOST_SHAPES 160
#define MOST_FIELDS 16
#define MOST_NAMES 1024
#define NONE 0xffffffffu

/* Where the next byte goes, and how many more there may be. */
struct place {
	uint8_t *at;
	size_t left;
};

enum kind { U32, U64, SLOT, PROGRAM, STR, STRS, BYTES, U32S, KINDS };

struct field {
	JSAtom name;
	enum kind kind;
	bool optional;
};

/* What the table says of one kind of step, read at its first use. */
struct shape {
	JSAtom op;
	uint32_t code;
	uint32_t count;
	struct field fields[MOST_FIELDS];
};

/* Names that are numbered in order of first use. */
struct names {
	JSAtom list[MOST_NAMES];
	uint32_t count;
	bool open;
};

struct encoding {
	JSContext *context;
	JSValueConst table;
	struct place to;
	struct names slots, programs;
};

static struct shape shapes[MOST_SHAPES];
static uint32_t shape_count;
static JSAtom op_atom, on_error_atom;

static int put(struct place *to, const void *bytes, size_t size)
{
	if (size > to->left)
		return NO_ROOM;
	memcpy(to->at, bytes, size);
	to->at += size;
	to->left -= size;
	return 0;
}

static int put_number(struct place *to, uint64_t value, size_t size)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	return put(to, bytes, size);
}

static int put_u32(struct encoding *encoding, JSValueConst value)
{
	int64_t number;
	return JS_ToInt64(encoding->context, &number, value) ? THROWN : put_number(&encoding->to, (uint64_t)number, 4);
}

static int put_u64(struct encoding *encoding, JSValueConst value)
{
	int64_t number;
	int failed = JS_IsBigInt(encoding->context, value) ? JS_ToBigInt64(encoding->context, &number, value) :
							     JS_ToInt64(encoding->context, &number, value);
	return failed ? THROWN : put_number(&encoding->to, (uint64_t)number, 8);
}

static int put_text(struct encoding *encoding, JSValueConst value)
{
	size_t size;
	const char *text = JS_ToCStringLen(encoding->context, &size, value);
	if (!text)
		return THROWN;
	int result = strlen(text) == size ? put_number(&encoding->to, size, 4) : NOT_TAKEN;
	result = result ? result : put(&encoding->to, text, size + 1);
	JS_FreeCString(encoding->context, text);
	return result;
}

static int put_bytes(struct encoding *encoding, JSValueConst value)
{
	size_t offset, size, whole;
	JSValue buffer = JS_GetTypedArrayBuffer(encoding->context, value, &offset, &size, NULL);
	if (JS_IsException(buffer))
		return THROWN;
	uint8_t *bytes = JS_GetArrayBuffer(encoding->context, &whole, buffer);
	int result = put_number(&encoding->to, size, 4);
	result = result || size == 0 ? result : bytes ? put(&encoding->to, bytes + offset, size) : NOT_TAKEN;
	JS_FreeValue(encoding->context, buffer);
	return result;
}

static uint32_t length_of(JSContext *context, JSValueConst list)
{
	uint32_t length = 0;
	JSValue value = JS_GetPropertyStr(context, list, "length");
	JS_ToUint32(context, &length, value);
	JS_FreeValue(context, value);
	return length;
}

typedef int put_value(struct encoding *encoding, JSValueConst value);

static int put_list(struct encoding *encoding, JSValueConst list, put_value *item)
{
	uint32_t count = length_of(encoding->context, list);
	int result = put_number(&encoding->to, count, 4);
	for (uint32_t i = 0; i < count && !result; i++) {
		JSValue value = JS_GetPropertyUint32(encoding->context, list, i);
		result = item(encoding, value);
		JS_FreeValue(encoding->context, value);
	}
	return result;
}

static int put_strs(struct encoding *encoding, JSValueConst value)
{
	return put_list(encoding, value, put_text);
}

static int put_u32s(struct encoding *encoding, JSValueConst value)
{
	return put_list(encoding, value, put_u32);
}

/* The number of a name, NONE when there is none and the list is closed or full. */
static uint32_t number_of(JSContext *context, struct names *names, JSValueConst value)
{
	JSAtom name = JS_ValueToAtom(context, value);
	uint32_t number = 0;
	while (number < names->count && names->list[number] != name)
		number++;
	if (number < names->count)
		JS_FreeAtom(context, name);
	else if (!names->open || number == MOST_NAMES)
		return NONE;
	else
		names->list[names->count++] = name;
	return number;
}

static int put_name(struct encoding *encoding, struct names *names, JSValueConst value)
{
	uint32_t number = number_of(encoding->context, names, value);
	return number == NONE ? NOT_TAKEN : put_number(&encoding->to, number, 4);
}

static int put_slot(struct encoding *encoding, JSValueConst value)
{
	return put_name(encoding, &encoding->slots, value);
}

static int put_program(struct encoding *encoding, JSValueConst value)
{
	return put_name(encoding, &encoding->programs, value);
}

/* How each kind is called in the table, written, and left out: so many zero bytes, or none for a name. */
static const struct {
	const char *name;
	put_value *put;
	uint8_t absent;
} kinds[KINDS] = {
	[U32] = { "u32", put_u32, 4 },		   [U64] = { "u64", put_u64, 8 },    [SLOT] = { "slot", put_slot, 0 },
	[PROGRAM] = { "program", put_program, 0 }, [STR] = { "str", put_text, 5 },   [STRS] = { "strs", put_strs, 4 },
	[BYTES] = { "bytes", put_bytes, 4 },	   [U32S] = { "u32s", put_u32s, 4 },
};

static bool read_field(JSContext *context, JSValueConst fields, JSAtom name, struct field *field)
{
	JSValue value = JS_GetProperty(context, fields, name);
	const char *text = JS_ToCString(context, value);
	size_t size = text ? strlen(text) : 0;
	bool optional = size > 0 && text[size - 1] == '?';
	unsigned kind = 0;
	while (kind < KINDS && !(text && strncmp(text, kinds[kind].name, size - optional) == 0 &&
				 strlen(kinds[kind].name) == size - optional))
		kind++;
	*field = (struct field){ .name = JS_DupAtom(context, name), .kind = (enum kind)kind, .optional = optional };
	JS_FreeCString(context, text);
	JS_FreeValue(context, value);
	return kind < KINDS;
}

static bool read_shape(JSContext *context, JSValueConst table, JSAtom op, struct shape *shape)
{
	JSPropertyEnum *names = NULL;
	uint32_t count = 0;
	JSValue spec = JS_GetProperty(context, table, op);
	JSValue code = JS_IsObject(spec) ? JS_GetPropertyStr(context, spec, "code") : JS_UNDEFINED;
	JSValue fields = JS_IsObject(spec) ? JS_GetPropertyStr(context, spec, "fields") : JS_UNDEFINED;
	bool known = JS_IsObject(fields) && JS_ToUint32(context, &shape->code, code) == 0 &&
		     JS_GetOwnPropertyNames(context, &names, &count, fields, JS_GPN_STRING_MASK) == 0 && count <= MOST_FIELDS;
	for (uint32_t i = 0; known && i < count; i++)
		known = read_field(context, fields, names[i].atom, &shape->fields[i]);
	shape->op = JS_DupAtom(context, op);
	shape->count = count;
	js_free(context, names);
	JS_FreeValue(context, fields);
	JS_FreeValue(context, code);
	JS_FreeValue(context, spec);
	return known;
}

static const struct shape *shape_of(const struct encoding *encoding, JSValueConst step)
{
	JSContext *context = encoding->context;
	JSValue value = JS_GetProperty(context, step, op_atom);
	JSAtom op = JS_ValueToAtom(context, value);
	uint32_t i = 0;
	while (i < shape_count && shapes[i].op != op)
		i++;
	bool known = i < shape_count || (i < MOST_SHAPES && read_shape(context, encoding->table, op, &shapes[i]));
	shape_count += known && i == shape_count;
	JS_FreeAtom(context, op);
	JS_FreeValue(context, value);
	return known ? &shapes[i] : NULL;
}

static uint32_t on_error_of(JSContext *context, JSValueConst step)
{
	static const char *const words[] = { "fail", "warn", "ignore", "missing" };
	JSValue value = JS_GetProperty(context, step, on_error_atom);
	if (JS_IsUndefined(value))
		return 0;
	const char *text = JS_ToCString(context, value);
	uint32_t number = 0;
	while (number < COUNT(words) && !(text && strcmp(text, words[number]) == 0))
		number++;
	JS_FreeCString(context, text);
	JS_FreeValue(context, value);
	return number;
}

static int put_field(struct encoding *encoding, JSValueConst step, const struct field *field)
{
	static const uint8_t zeros[8];
	JSValue value = JS_GetProperty(encoding->context, step, field->name);
	if (!JS_IsUndefined(value)) {
		int result = kinds[field->kind].put(encoding, value);
		JS_FreeValue(encoding->context, value);
		return result;
	}
	size_t size = kinds[field->kind].absent;
	if (!field->optional)
		return NOT_TAKEN;
	return size ? put(&encoding->to, zeros, size) : put_number(&encoding->to, NONE, 4);
}

static int put_step(struct encoding *encoding, JSValueConst step)
{
	const struct shape *shape = shape_of(encoding, step);
	uint32_t on_error = on_error_of(encoding->context, step);
	if (!shape || on_error > 3)
		return NOT_TAKEN;
	int result = put_number(&encoding->to, shape->code | on_error << 16, 4);
	result = result ? result : put_number(&encoding->to, 0, 4);
	uint8_t *start = encoding->to.at;
	for (uint32_t i = 0; i < shape->count && !result; i++)
		result = put_field(encoding, step, &shape->fields[i]);
	struct place before = { start - 4, 4 };
	return result ? result : put_number(&before, (uint64_t)(encoding->to.at - start), 4);
}

static int put_program_steps(struct encoding *encoding, JSValueConst program)
{
	JSContext *context = encoding->context;
	JSValue steps = JS_GetPropertyStr(context, program, "steps");
	uint32_t count = length_of(context, steps);
	int result = 0;
	for (uint32_t i = 0; i < count && !result; i++) {
		JSValue step = JS_GetPropertyUint32(context, steps, i);
		result = put_step(encoding, step);
		JS_FreeValue(context, step);
	}
	JS_FreeValue(context, steps);
	return result;
}

/* Fills in the names that a list of texts, or of objects with a name, gives. */
static void take_names(JSContext *context, JSValueConst list, bool named, struct names *names)
{
	uint32_t count = length_of(context, list);
	names->open = true;
	for (uint32_t i = 0; i < count; i++) {
		JSValue item = JS_GetPropertyUint32(context, list, i);
		JSValue name = named ? JS_GetPropertyStr(context, item, "name") : JS_DupValue(context, item);
		number_of(context, names, name);
		JS_FreeValue(context, name);
		JS_FreeValue(context, item);
	}
}

/* putSteps(buffer, at, programs, table, inherited) */
HOST_FUNCTION(put_steps)
{
	(void)self;
	static struct encoding encoding;
	size_t size;
	uint8_t *bytes = JS_GetArrayBuffer(context, &size, argv[0]);
	int64_t at = host_number(context, argc, argv, 1, 0);
	if (!bytes || at < 0 || (size_t)at > size)
		return JS_EXCEPTION;
	op_atom = op_atom ? op_atom : JS_NewAtom(context, "op");
	on_error_atom = on_error_atom ? on_error_atom : JS_NewAtom(context, "onError");
	encoding.context = context;
	encoding.table = argv[3];
	encoding.to = (struct place){ bytes + at, size - (size_t)at };
	encoding.slots.count = encoding.programs.count = 0;
	take_names(context, argv[4], false, &encoding.slots);
	take_names(context, argv[2], true, &encoding.programs);
	encoding.programs.open = false;
	uint32_t programs = length_of(context, argv[2]);
	int result = 0;
	for (uint32_t i = 0; i < programs && !result; i++) {
		JSValue program = JS_GetPropertyUint32(context, argv[2], i);
		result = put_program_steps(&encoding, program);
		JS_FreeValue(context, program);
	}
	if (result)
		return result == THROWN ? JS_EXCEPTION : JS_NewInt32(context, result);
	return JS_NewInt64(context, (int64_t)encoding.slots.count << 32 | (encoding.to.at - bytes));
}

const JSCFunctionListEntry host_steps[] = { JS_CFUNC_DEF("putSteps", 5, put_steps) };
const int host_steps_count = COUNT(host_steps);
