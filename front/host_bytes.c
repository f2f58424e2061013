/* Text to bytes and back. */
#include <string.h>

#include "host.h"

/* encode(text, buffer, offset): bytes written; the caller has made room. */
HOST_FUNCTION(encode)
{
	(void)self;
	size_t length;
	const char *text = JS_ToCStringLen(context, &length, argv[0]);
	if (!text)
		return JS_EXCEPTION;
	uint8_t *to = host_room(context, argv[1], host_number(context, argc, argv, 2, 0), (int64_t)length);
	if (to)
		memcpy(to, text, length);
	JS_FreeCString(context, text);
	return to ? JS_NewInt64(context, (int64_t)length) : JS_EXCEPTION;
}

HOST_FUNCTION(utf8_length)
{
	(void)self, (void)argc;
	size_t length;
	const char *text = JS_ToCStringLen(context, &length, argv[0]);
	if (!text)
		return JS_EXCEPTION;
	JS_FreeCString(context, text);
	return JS_NewInt64(context, (int64_t)length);
}

JSValue host_decode(JSContext *context, const uint8_t *from, size_t size, bool latin1)
{
	bool plain = true;
	for (size_t i = 0; latin1 && i < size && plain; i++)
		plain = from[i] < 0x80;
	if (plain || !latin1)
		return JS_NewStringLen(context, (const char *)from, size);
	uint8_t *wide = js_malloc(context, size * 2);
	if (!wide)
		return JS_EXCEPTION;
	size_t at = 0;
	for (size_t i = 0; i < size; i++) {
		if (from[i] >= 0x80)
			wide[at++] = (uint8_t)(0xc0 | from[i] >> 6);
		wide[at++] = from[i] < 0x80 ? from[i] : (uint8_t)(0x80 | (from[i] & 0x3f));
	}
	JSValue text = JS_NewStringLen(context, (const char *)wide, at);
	js_free(context, wide);
	return text;
}

/* decode(buffer, offset, size, latin1) */
HOST_FUNCTION(decode)
{
	(void)self;
	int64_t size = host_number(context, argc, argv, 2, 0);
	const uint8_t *from = host_room(context, argv[0], host_number(context, argc, argv, 1, 0), size);
	return from ? host_decode(context, from, (size_t)size, JS_ToBool(context, argv[3])) : JS_EXCEPTION;
}

const JSCFunctionListEntry host_bytes[] = {
	JS_CFUNC_DEF("encode", 3, encode),
	JS_CFUNC_DEF("utf8Length", 1, utf8_length),
	JS_CFUNC_DEF("decode", 4, decode),
};
const int host_bytes_count = COUNT(host_bytes);
