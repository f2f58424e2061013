/* The front: TypeScript on an engine that starts sooner than Bun (docs/front.md). */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "embedded.h"
#include "engine.h"
#include "entry.h"
#include "host.h"
#include "stamp.h"
#include "stored.h"

#define FAILED 125
#define TURNS_TO_COLLECT 4096

static int complain(JSContext *context)
{
	JSValue error = JS_GetException(context);
	const char *text = JS_ToCString(context, error);
	const char *stack = JS_ToCString(context, JS_GetPropertyStr(context, error, "stack"));
	fprintf(stderr, "sampan: internal: %s\n%s", text ? text : "unknown", stack ? stack : "");
	return FAILED;
}

static int run_jobs(JSRuntime *runtime)
{
	JSContext *job;
	int result;
	while ((result = JS_ExecutePendingJob(runtime, &job)) > 0)
		;
	return result < 0 ? complain(job) : 0;
}

/* The program leaves `tick` in the global object: it waits for what comes next and is the exit status in the end. */
static int loop(JSRuntime *runtime, JSContext *context)
{
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

/* No file that is opened may land on 0, 1 or 2, where output would go to it. */
static void fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			_exit(FAILED);
}

int main(int argc, char **argv)
{
	stamp("the kernel: executing the program, and its C library");
	fill_standard_descriptors();
	/* Whoever started us may have it ignored: then no child of ours could be waited for. */
	signal(SIGCHLD, SIG_DFL);
	bool oci = front_program == FRONT_OCI;
	int done = oci ? stored_command(argc, argv) : NOT_DONE;
	if (done != NOT_DONE)
		_exit(done);
	stamp("looking for a stored plan");
	host_processes_prepare();
	JSRuntime *runtime = JS_NewRuntime2(&arena_functions, NULL);
	JSContext *context = runtime ? engine_context(runtime) : NULL;
	if (!context)
		return FAILED;
	engine_host(context, argv);
	host_stored(context);
	stamp("the JavaScript engine");
	JSValue program = JS_ReadObject(context, oci ? embedded_oci : embedded_engine,
					oci ? embedded_oci_size : embedded_engine_size, JS_READ_OBJ_BYTECODE);
	if (JS_IsException(program))
		return complain(context);
	stamp("reading the bytecode");
	JSValue loaded = JS_EvalFunction(context, program);
	if (JS_IsException(loaded))
		return complain(context);
	if (JS_PromiseState(context, loaded) == JS_PROMISE_REJECTED) {
		JS_Throw(context, JS_PromiseResult(context, loaded));
		return complain(context);
	}
	/* Nothing is taken down: the kernel does it at once. */
	int status = loop(runtime, context);
	stamp("TypeScript: the report, removing the record");
	_exit(status);
}
