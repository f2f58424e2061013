/* What the build puts into the executable. */
#pragma once

#include <stddef.h>
#include <stdint.h>

extern const uint8_t embedded_launcher[];
extern const size_t embedded_launcher_size;
/* The compiled module of front/main.ts. */
extern const uint8_t embedded_program[];
extern const size_t embedded_program_size;
