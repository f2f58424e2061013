/* When the parts of a command began, for `bun bench/bench.ts phases`: only in the build for that (make -C front times). */
#pragma once

#ifdef FRONT_TIMES
void stamp(const char *part);
#else
#define stamp(part) ((void)0)
#endif
