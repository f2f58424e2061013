#include "engine.h"

#include <stdlib.h>
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

/* The global `host`: the functions of the tables, and what is known of this process. */
void engine_host(JSContext *context, char **argv)
{
	struct utsname system;
	char directory[4096];
	JSValue global = JS_GetGlobalObject(context);
	JSValue host = JS_NewObject(context);
	JS_SetPropertyFunctionList(context, host, host_files, host_files_count);
	JS_SetPropertyFunctionList(context, host, host_bytes, host_bytes_count);
	JS_SetPropertyFunctionList(context, host, host_steps, host_steps_count);
	JS_SetPropertyFunctionList(context, host, host_processes, host_processes_count);
	JS_SetPropertyFunctionList(context, host, host_sockets, host_sockets_count);
	JS_SetPropertyFunctionList(context, host, host_sqlite, host_sqlite_count);
	JS_SetPropertyStr(context, host, "argv", list_of(context, argv));
	JS_SetPropertyStr(context, host, "environment", list_of(context, environ));
	JS_SetPropertyStr(context, host, "pid", JS_NewInt32(context, getpid()));
	JS_SetPropertyStr(context, host, "uid", JS_NewInt64(context, geteuid()));
	JS_SetPropertyStr(context, host, "machine", JS_NewString(context, uname(&system) ? "" : system.machine));
	JS_SetPropertyStr(context, host, "directory",
			  JS_NewString(context, getcwd(directory, sizeof directory) ? directory : "/"));
	JS_SetPropertyStr(context, global, "host", host);
	JS_FreeValue(context, global);
}
