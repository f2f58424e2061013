/* The front: TypeScript on an engine that starts sooner than Bun (docs/front.md). */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine.h"
#include "entry.h"
#include "host.h"
#include "program.h"
#include "stamp.h"
#include "stored.h"

#define FAILED 125
#define TURNS_TO_COLLECT 4096

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
	JSContext *context = loaded_program(argv);
	engine_process(context, argv);
	host_stored(context);
	stamp("the JavaScript engine, as the build has kept it");
	/* Nothing is taken down: the kernel does it at once. */
	int status = begin(context) ? FAILED : loop(context);
	stamp("TypeScript: the report, removing the record");
	_exit(status);
}
