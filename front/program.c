#include "program.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "engine.h"

#define FAILED 125
#define TURNS_TO_COLLECT 4096

int complain(JSContext *context)
{
	JSValue error = JS_GetException(context);
	const char *text = JS_ToCString(context, error);
	const char *stack = JS_ToCString(context, JS_GetPropertyStr(context, error, "stack"));
	fprintf(stderr, "sampan: internal: %s\n%s", text ? text : "unknown", stack ? stack : "");
	return FAILED;
}

int run_jobs(JSRuntime *runtime)
{
	JSContext *job;
	int result;
	while ((result = JS_ExecutePendingJob(runtime, &job)) > 0)
		;
	return result < 0 ? complain(job) : 0;
}

JSContext *load_program(const uint8_t *bytecode, size_t size)
{
	JSRuntime *runtime = JS_NewRuntime2(&arena_functions, NULL);
	JSContext *context = runtime ? engine_context(runtime) : NULL;
	if (!context)
		exit(FAILED);
	engine_host(context);
	JSValue program = JS_ReadObject(context, bytecode, size, JS_READ_OBJ_BYTECODE);
	JSValue loaded = JS_IsException(program) ? program : JS_EvalFunction(context, program);
	if (JS_IsException(loaded) || run_jobs(runtime))
		exit(complain(context));
	if (JS_PromiseState(context, loaded) != JS_PROMISE_FULFILLED) {
		JS_Throw(context, JS_PromiseResult(context, loaded));
		exit(complain(context));
	}
	JS_FreeValue(context, loaded);
	JS_RunGC(runtime);
	return context;
}

static int begin(JSContext *context)
{
	JSValue global = JS_GetGlobalObject(context);
	JSValue begin = JS_GetPropertyStr(context, global, "begin");
	JSValue begun = JS_Call(context, begin, JS_UNDEFINED, 0, NULL);
	return JS_IsException(begun) ? complain(context) : 0;
}

/* The program leaves `tick` in the global object: it waits for what comes next and is the exit status in the end. */
static int loop(JSContext *context)
{
	JSRuntime *runtime = JS_GetRuntime(context);
	JSValue global = JS_GetGlobalObject(context);
	JSValue tick = JS_GetPropertyStr(context, global, "tick");
	for (unsigned turn = 1;; turn++) {
		/* Our memory is not counted, so nothing else would ever start it; only a command that stays needs it. */
		if (turn % TURNS_TO_COLLECT == 0)
			JS_RunGC(runtime);
		int failed = run_jobs(runtime);
		if (failed)
			return failed;
		JSValue status = JS_Call(context, tick, JS_UNDEFINED, 0, NULL);
		if (JS_IsException(status))
			return complain(context);
		int32_t code;
		if (JS_IsNumber(status))
			return JS_ToInt32(context, &code, status) ? FAILED : code;
	}
}

int run_program(JSContext *context)
{
	return begin(context) ? FAILED : loop(context);
}
