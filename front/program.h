/* The TypeScript of the front in its engine, loaded: its modules have run, and `begin` in the global object starts it. */
#pragma once

#include "quickjs.h"

/* From bytecode. Ends the process when that cannot be. */
JSContext *load_program(const uint8_t *bytecode, size_t size);
/* The one that front_program names: kept from the build (heap.c), or with sanitizers loaded now (alone.c). */
JSContext *loaded_program(char **argv);

/* To its end; its exit status. */
int run_program(JSContext *context);

/* Says what has been thrown. */
int complain(JSContext *context);
/* Until nothing is left to be done at once. */
int run_jobs(JSRuntime *runtime);
