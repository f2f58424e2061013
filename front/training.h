/* What a program writes to of what loading it has left. */
#pragma once

#include "kept.h"
#include "quickjs.h"

/*
 * Runs the loaded program with these arguments, in a child, and notes in `order` (shared with the child) which of its
 * blocks, in the pages given, it writes to.
 */
void train(JSContext *context, char **argv, uint8_t *pages, size_t size, struct order *order);
