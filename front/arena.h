#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

/* For JS_NewRuntime2. One thread. */
extern const JSMallocFunctions arena_functions;

#define ARENA_CLASSES 64
#define ARENA_STEP 16 /* bytes; a block begins and ends at a multiple of it */
struct arena {
	struct block *unused[ARENA_CLASSES];
	uint8_t *at, *end;
};

/* From here to arena_end all blocks lie in these pages, which are zero: so that they can be kept in a file. */
struct order;
void arena_begin(uint8_t *pages, size_t size, struct order *order);
struct arena arena_end(void);
/* In the process that has these pages at the same place. */
void arena_go_on(const struct arena *kept);
