/* In place of entry.c and heap.c, for the build with sanitizers: SAMPAN_FRONT=engine chooses the other program. */
#include <stdlib.h>
#include <string.h>

#include "embedded.h"
#include "entry.h"
#include "program.h"

int front_program = FRONT_OCI;

__attribute__((constructor)) static void choose(void)
{
	const char *name = getenv("SAMPAN_FRONT");
	if (name && strcmp(name, "engine") == 0)
		front_program = FRONT_ENGINE;
	if (name && strcmp(name, "resolver") == 0)
		front_program = FRONT_RESOLVER;
}

JSContext *loaded_program(char **argv)
{
	(void)argv;
	return front_program == FRONT_OCI ? load_program(embedded_oci, embedded_oci_size) :
					    load_program(embedded_engine, embedded_engine_size);
}
