/* The JavaScript engine, set up with no more than the front needs. */
#pragma once

#include "quickjs.h"

JSContext *engine_context(JSRuntime *runtime);
void engine_host(JSContext *context);
void engine_process(JSContext *context, char **argv);
