#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "host.h"

static const struct {
	int number;
	const char *name;
} names[] = {
	{ EPERM, "EPERM" },	  { ENOENT, "ENOENT" },	  { ESRCH, "ESRCH" },	    { EINTR, "EINTR" },
	{ EIO, "EIO" },		  { ENXIO, "ENXIO" },	  { E2BIG, "E2BIG" },	    { ENOEXEC, "ENOEXEC" },
	{ EBADF, "EBADF" },	  { ECHILD, "ECHILD" },	  { EAGAIN, "EAGAIN" },	    { ENOMEM, "ENOMEM" },
	{ EACCES, "EACCES" },	  { EBUSY, "EBUSY" },	  { EEXIST, "EEXIST" },	    { EXDEV, "EXDEV" },
	{ ENODEV, "ENODEV" },	  { ENOTDIR, "ENOTDIR" }, { EISDIR, "EISDIR" },	    { EINVAL, "EINVAL" },
	{ ENFILE, "ENFILE" },	  { EMFILE, "EMFILE" },	  { ETXTBSY, "ETXTBSY" },   { EFBIG, "EFBIG" },
	{ ENOSPC, "ENOSPC" },	  { ESPIPE, "ESPIPE" },	  { EROFS, "EROFS" },	    { EMLINK, "EMLINK" },
	{ EPIPE, "EPIPE" },	  { ERANGE, "ERANGE" },	  { ENAMETOOLONG, "ENAMETOOLONG" }, { ENOSYS, "ENOSYS" },
	{ ENOTEMPTY, "ENOTEMPTY" }, { ELOOP, "ELOOP" },	  { EOVERFLOW, "EOVERFLOW" }, { EDQUOT, "EDQUOT" },
	{ EOPNOTSUPP, "EOPNOTSUPP" },
};

static const char *name_of(int number)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].number == number)
			return names[i].name;
	return "UNKNOWN";
}

JSValue host_fail(JSContext *context, int number, const char *call, const char *path)
{
	const char *name = name_of(number);
	JSValue error = JS_NewError(context);
	char text[512], words[100];
	/* With a small letter, as node:fs has it: engines look for "no such file or directory". */
	snprintf(words, sizeof words, "%s", strerror(number));
	words[0] = (char)tolower((unsigned char)words[0]);
	if (path)
		snprintf(text, sizeof text, "%s: %s, %s '%s'", name, words, call, path);
	else
		snprintf(text, sizeof text, "%s: %s, %s", name, words, call);
	JS_SetPropertyStr(context, error, "message", JS_NewString(context, text));
	JS_SetPropertyStr(context, error, "code", JS_NewString(context, name));
	JS_SetPropertyStr(context, error, "errno", JS_NewInt32(context, -number));
	JS_SetPropertyStr(context, error, "syscall", JS_NewString(context, call));
	if (path)
		JS_SetPropertyStr(context, error, "path", JS_NewString(context, path));
	return JS_Throw(context, error);
}

uint8_t *host_room(JSContext *context, JSValueConst buffer, int64_t offset, int64_t size)
{
	size_t length;
	uint8_t *bytes = JS_GetArrayBuffer(context, &length, buffer);
	if (!bytes)
		return NULL;
	if (offset < 0 || size < 0 || (uint64_t)offset > length || (uint64_t)size > length - (uint64_t)offset) {
		JS_ThrowRangeError(context, "outside of the buffer");
		return NULL;
	}
	return bytes + offset;
}

int64_t host_number(JSContext *context, int argc, JSValueConst *argv, int at, int64_t fallback)
{
	int64_t value;
	if (at >= argc || JS_IsUndefined(argv[at]) || JS_IsNull(argv[at]) || JS_ToInt64(context, &value, argv[at]))
		return fallback;
	return value;
}

const char *host_text(JSContext *context, JSValueConst value)
{
	size_t length;
	const char *text = JS_ToCStringLen(context, &length, value);
	if (!text || strlen(text) == length)
		return text;
	host_fail(context, EINVAL, "path", text);
	JS_FreeCString(context, text);
	return NULL;
}
