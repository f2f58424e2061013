/* In place of entry.c, for the build with sanitizers: SAMPAN_FRONT=engine chooses the other program. */
#include <stdlib.h>
#include <string.h>

#include "entry.h"

int front_program = FRONT_OCI;

__attribute__((constructor)) static void choose(void)
{
	const char *name = getenv("SAMPAN_FRONT");
	if (name && strcmp(name, "engine") == 0)
		front_program = FRONT_ENGINE;
}
