/* What the build puts into the executable. */
#pragma once

#include <stddef.h>
#include <stdint.h>

extern const uint8_t embedded_launcher[];
extern const size_t embedded_launcher_size;
/* The compiled modules of front/oci.ts and front/engine.ts: only in the build with sanitizers, others have heap.c. */
extern const uint8_t embedded_oci[];
extern const size_t embedded_oci_size;
extern const uint8_t embedded_engine[];
extern const size_t embedded_engine_size;
/* 64 hexadecimal digits that name this build, for what is stored by one and used by another. */
#define BUILD_SIZE 64
extern const uint8_t embedded_build[];
