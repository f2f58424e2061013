/* The fields of a step in the form of a plan; src/kernel/fields.ts does the same one by one. */
#include <string.h>

#include "host.h"

#define NO_ROOM (-1)
#define NOT_TAKEN (-2)
#define THROWN (-3)

/* Where the next byte goes, and how many more there may be. */
struct place {
	uint8_t *at;
	size_t left;
};

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

static int put_u32(JSContext *context, struct place *to, JSValueConst value)
{
	int64_t number;
	return JS_ToInt64(context, &number, value) ? THROWN : put_number(to, (uint64_t)number, 4);
}

static int put_u64(JSContext *context, struct place *to, JSValueConst value)
{
	int64_t number;
	int failed = JS_IsBigInt(context, value) ? JS_ToBigInt64(context, &number, value) : JS_ToInt64(context, &number, value);
	return failed ? THROWN : put_number(to, (uint64_t)number, 8);
}

static int put_text(JSContext *context, struct place *to, JSValueConst value)
{
	size_t size;
	const char *text = JS_ToCStringLen(context, &size, value);
	if (!text)
		return THROWN;
	int result = strlen(text) == size ? put_number(to, size, 4) : NOT_TAKEN;
	result = result ? result : put(to, text, size + 1);
	JS_FreeCString(context, text);
	return result;
}

static int put_bytes(JSContext *context, struct place *to, JSValueConst value)
{
	size_t offset, size, whole;
	JSValue buffer = JS_GetTypedArrayBuffer(context, value, &offset, &size, NULL);
	uint8_t *bytes = JS_IsException(buffer) ? NULL : JS_GetArrayBuffer(context, &whole, buffer);
	int result = bytes || size == 0 ? put_number(to, size, 4) : THROWN;
	result = result || size == 0 ? result : put(to, bytes + offset, size);
	JS_FreeValue(context, buffer);
	return result;
}

typedef int put_item(JSContext *context, struct place *to, JSValueConst value);

static int put_list(JSContext *context, struct place *to, JSValueConst list, put_item *item)
{
	JSValue length = JS_GetPropertyStr(context, list, "length");
	uint32_t count = 0;
	int result = JS_ToUint32(context, &count, length) ? THROWN : put_number(to, count, 4);
	for (uint32_t i = 0; i < count && !result; i++) {
		JSValue value = JS_GetPropertyUint32(context, list, i);
		result = item(context, to, value);
		JS_FreeValue(context, value);
	}
	return result;
}

static int put_field(JSContext *context, struct place *to, char kind, JSValueConst value)
{
	switch (kind) {
	case 'i':
		return put_u32(context, to, value);
	case 'l':
		return put_u64(context, to, value);
	case 't':
		return put_text(context, to, value);
	case 'T':
		return put_list(context, to, value, put_text);
	case 'b':
		return put_bytes(context, to, value);
	case 'I':
		return put_list(context, to, value, put_u32);
	default:
		return NOT_TAKEN;
	}
}

/* putRecord(buffer, at, head, kinds, values) */
HOST_FUNCTION(put_record)
{
	(void)self;
	size_t size;
	uint8_t *bytes = JS_GetArrayBuffer(context, &size, argv[0]);
	int64_t at = host_number(context, argc, argv, 1, 0);
	const char *kinds = bytes ? host_text(context, argv[3]) : NULL;
	if (!kinds)
		return JS_EXCEPTION;
	if (at < 0 || (size_t)at > size)
		at = (int64_t)size;
	struct place to = { bytes + at, size - (size_t)at };
	int result = put_u32(context, &to, argv[2]);
	result = result ? result : put_number(&to, 0, 4);
	uint8_t *start = to.at;
	for (uint32_t i = 0; kinds[i] && !result; i++) {
		JSValue value = JS_GetPropertyUint32(context, argv[4], i);
		result = put_field(context, &to, kinds[i], value);
		JS_FreeValue(context, value);
	}
	JS_FreeCString(context, kinds);
	if (result)
		return result == THROWN ? JS_EXCEPTION : JS_NewInt32(context, result);
	struct place before = { start - 4, 4 };
	put_number(&before, (uint64_t)(to.at - start), 4);
	return JS_NewInt64(context, (int64_t)(to.at - bytes));
}

const JSCFunctionListEntry host_fields[] = { JS_CFUNC_DEF("putRecord", 5, put_record) };
const int host_fields_count = COUNT(host_fields);
