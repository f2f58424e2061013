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
	int status = run_program(context);
	stamp("TypeScript: the report, removing the record");
	_exit(status);
}
