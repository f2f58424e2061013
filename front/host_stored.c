/* What the program is told of stored plans (stored.h). */
#include "embedded.h"
#include "host.h"
#include "stored.h"

void host_stored(JSContext *context)
{
	static const char *const looked[] = { "", "missing", "stale" };
	JSValue global = JS_GetGlobalObject(context);
	JSValue host = JS_GetPropertyStr(context, global, "host");
	JSValue build = JS_NewStringLen(context, (const char *)embedded_build, BUILD_SIZE);
	JS_DefinePropertyValueStr(context, host, "build", build, JS_PROP_C_W_E);
	JSValue word = JS_NewString(context, looked[handed_over.looked]);
	JS_DefinePropertyValueStr(context, host, "looked", word, JS_PROP_C_W_E);
	if (handed_over.report)
		JS_SetPropertyStr(context, host, "released",
				  JS_NewArrayBufferCopy(context, handed_over.report, handed_over.report_size));
	JS_FreeValue(context, host);
	JS_FreeValue(context, global);
}
