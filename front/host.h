/* What the small JavaScript engine of the front may ask of the kernel: one table of functions per file. */
#pragma once

#include <stdbool.h>

#include "quickjs.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

extern const JSCFunctionListEntry host_files[];
extern const int host_files_count;
extern const JSCFunctionListEntry host_bytes[];
extern const int host_bytes_count;
extern const JSCFunctionListEntry host_steps[];
extern const int host_steps_count;
extern const JSCFunctionListEntry host_sqlite[];
extern const int host_sqlite_count;
extern const JSCFunctionListEntry host_sockets[];
extern const int host_sockets_count;
extern const JSCFunctionListEntry host_user[];
extern const int host_user_count;
extern const JSCFunctionListEntry host_processes[];
extern const int host_processes_count;

/* Adds to `host` what the stored plans left to be done: build, looked, released. */
void host_stored(JSContext *context);

/* Blocks the signals that host_processes waits for; to be called once, before anything is started. */
void host_processes_prepare(void);

/* Throws an Error with `code`, `errno`, `syscall` and `path`, as node:fs does; `path` may be NULL. */
JSValue host_fail(JSContext *context, int number, const char *call, const char *path);

/* The bytes behind an ArrayBuffer argument from `offset` on; NULL (and an exception) when they are fewer than `size`. */
uint8_t *host_room(JSContext *context, JSValueConst buffer, int64_t offset, int64_t size);

/*
 * An argument as text for the kernel, freed by JS_FreeCString; NULL (and an exception) when it holds a NUL, where the
 * kernel would stop reading.
 */
const char *host_text(JSContext *context, JSValueConst value);

/* Bytes as text: UTF-8, or each its own character. */
JSValue host_decode(JSContext *context, const uint8_t *from, size_t size, bool latin1);

/* An argument as a number; a missing one is `fallback`. */
int64_t host_number(JSContext *context, int argc, JSValueConst *argv, int at, int64_t fallback);

#define HOST_FUNCTION(name) \
	static JSValue name(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
