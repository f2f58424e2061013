/* The first instructions of the executable, before any libc. */
#pragma once

#include <stdint.h>

/* Written into the linked file by tools/join-executables.ts: where the other program inside the same file begins. */
struct joined_program {
	char marker[16];
	uint64_t entry;
	uint64_t headers;
	uint64_t header_count;
};
#define JOINED_MARKER "sampan-joined-1"

/* Which of its two JavaScript programs the front runs. */
enum front_program { FRONT_OCI, FRONT_ENGINE, FRONT_RESOLVER };
extern int front_program;
