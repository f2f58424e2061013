#pragma once

#include "quickjs.h"

/* For JS_NewRuntime2. One thread. */
extern const JSMallocFunctions arena_functions;
