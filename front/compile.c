/* compile SOURCE TARGET: a JavaScript module as the bytecode that main.c reads. Used by the build only. */
#include <stdio.h>
#include <stdlib.h>

#include "quickjs.h"

static char *read_whole(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	if (!file || fseek(file, 0, SEEK_END) < 0)
		return NULL;
	*size = (size_t)ftell(file);
	rewind(file);
	char *text = malloc(*size + 1);
	if (!text || fread(text, 1, *size, file) != *size)
		return NULL;
	text[*size] = 0;
	fclose(file);
	return text;
}

int main(int argc, char **argv)
{
	size_t size, length;
	char *text = argc == 3 ? read_whole(argv[1], &size) : NULL;
	if (!text) {
		fprintf(stderr, "usage: compile SOURCE TARGET\n");
		return 2;
	}
	JSRuntime *runtime = JS_NewRuntime();
	JSContext *context = JS_NewContext(runtime);
	/* SAMPAN_FRONT_DEBUG keeps lines and names for stack traces. */
	JS_SetStripInfo(runtime, getenv("SAMPAN_FRONT_DEBUG") ? JS_STRIP_SOURCE : JS_STRIP_DEBUG);
	JSValue module = JS_Eval(context, text, size, "front", JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
	if (JS_IsException(module)) {
		JSValue error = JS_GetException(context);
		fprintf(stderr, "%s: %s\n", argv[1], JS_ToCString(context, error));
		return 1;
	}
	uint8_t *bytes = JS_WriteObject(context, &length, module, JS_WRITE_OBJ_BYTECODE);
	FILE *target = bytes ? fopen(argv[2], "wb") : NULL;
	if (!target || fwrite(bytes, 1, length, target) != length || fclose(target)) {
		perror(argv[2]);
		return 1;
	}
	return 0;
}
