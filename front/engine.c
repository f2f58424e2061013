#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host.h"

extern char **environ;

/* No eval, no proxies, no weak references: the program needs none of them, and each costs at every start. */
JSContext *engine_context(JSRuntime *runtime)
{
	JSContext *context = JS_NewContextRaw(runtime);
	if (!context)
		return NULL;
	JS_AddIntrinsicBaseObjects(context);
	JS_AddIntrinsicDate(context);
	JS_AddIntrinsicRegExp(context);
	JS_AddIntrinsicJSON(context);
	JS_AddIntrinsicMapSet(context);
	JS_AddIntrinsicTypedArrays(context);
	JS_AddIntrinsicPromise(context);
	return context;
}

static JSValue list_of(JSContext *context, char **texts)
{
	JSValue list = JS_NewArray(context);
	for (uint32_t i = 0; texts[i]; i++)
		JS_SetPropertyUint32(context, list, i, JS_NewString(context, texts[i]));
	return list;
}

static JSValue environment_of(JSContext *context, char **entries)
{
	JSValue object = JS_NewObject(context);
	for (; *entries; entries++) {
		const char *equals = strchr(*entries, '=');
		if (!equals)
			continue;
		JSAtom name = JS_NewAtomLen(context, *entries, (size_t)(equals - *entries));
		JS_DefinePropertyValue(context, object, name, JS_NewString(context, equals + 1), JS_PROP_C_W_E);
		JS_FreeAtom(context, name);
	}
	return object;
}

/* What a program may ask of this process only when it runs: it may have been loaded by another, in the build. */
static const char *const process_facts[] = { "argv", "environment", "pid", "uid", "gid", "machine", "directory", "build", "looked" };

static JSValue too_early(JSContext *context, JSValueConst self, int argc, JSValueConst *argv)
{
	(void)self, (void)argc, (void)argv;
	return JS_ThrowTypeError(context, "what is known of the process is asked for while modules are loaded");
}

/* The global `host`: the functions of the tables. */
void engine_host(JSContext *context)
{
	JSValue global = JS_GetGlobalObject(context);
	JSValue host = JS_NewObject(context);
	JS_SetPropertyFunctionList(context, host, host_files, host_files_count);
	JS_SetPropertyFunctionList(context, host, host_bytes, host_bytes_count);
	JS_SetPropertyFunctionList(context, host, host_steps, host_steps_count);
	JS_SetPropertyFunctionList(context, host, host_processes, host_processes_count);
	JS_SetPropertyFunctionList(context, host, host_sockets, host_sockets_count);
	JS_SetPropertyFunctionList(context, host, host_user, host_user_count);
	JS_SetPropertyFunctionList(context, host, host_sqlite, host_sqlite_count);
	for (size_t i = 0; i < COUNT(process_facts); i++) {
		JSAtom name = JS_NewAtom(context, process_facts[i]);
		JSValue getter = JS_NewCFunction(context, too_early, process_facts[i], 0);
		JS_DefinePropertyGetSet(context, host, name, getter, JS_UNDEFINED, JS_PROP_C_W_E);
		JS_FreeAtom(context, name);
	}
	JS_SetPropertyStr(context, global, "host", host);
	JS_FreeValue(context, global);
}

/* And in it what is known of this process. */
void engine_process(JSContext *context, char **argv)
{
	struct utsname system;
	char directory[4096];
	JSValue global = JS_GetGlobalObject(context);
	JSValue host = JS_GetPropertyStr(context, global, "host");
	const struct {
		const char *name;
		JSValue value;
	} facts[] = {
		{ "argv", list_of(context, argv) },
		{ "environment", environment_of(context, environ) },
		{ "pid", JS_NewInt32(context, getpid()) },
		{ "uid", JS_NewInt64(context, geteuid()) },
		{ "gid", JS_NewInt64(context, getegid()) },
		{ "machine", JS_NewString(context, uname(&system) ? "" : system.machine) },
		{ "directory", JS_NewString(context, getcwd(directory, sizeof directory) ? directory : "/") },
	};
	for (size_t i = 0; i < COUNT(facts); i++)
		JS_DefinePropertyValueStr(context, host, facts[i].name, facts[i].value, JS_PROP_C_W_E);
	JS_FreeValue(context, host);
	JS_FreeValue(context, global);
}
