/* Debian's SQLite for the engine's records: connections and statements by number. */
#include <sqlite3.h>
#include <string.h>

#include "host.h"
#include "turn.h"

#define MOST_CONNECTIONS 4
#define MOST_STATEMENTS 512

static sqlite3 *connections[MOST_CONNECTIONS];
static struct turn turns[MOST_CONNECTIONS];
static sqlite3_stmt *statements[MOST_STATEMENTS];

static JSValue fail(JSContext *context, sqlite3 *connection)
{
	JSValue error = JS_NewError(context);
	const char *text = connection ? sqlite3_errmsg(connection) : "out of memory";
	int number = connection ? sqlite3_extended_errcode(connection) : SQLITE_NOMEM;
	JS_SetPropertyStr(context, error, "message", JS_NewString(context, text));
	JS_SetPropertyStr(context, error, "code", JS_NewString(context, "ERR_SQLITE_ERROR"));
	JS_SetPropertyStr(context, error, "errcode", JS_NewInt32(context, number));
	return JS_Throw(context, error);
}

static sqlite3 *connection_at(JSContext *context, JSValueConst number)
{
	int32_t at = -1;
	JS_ToInt32(context, &at, number);
	if (at >= 0 && at < MOST_CONNECTIONS && connections[at])
		return connections[at];
	JS_ThrowRangeError(context, "no such database");
	return NULL;
}

static struct turn *turn_of(sqlite3 *connection)
{
	int at = 0;
	while (at < MOST_CONNECTIONS - 1 && connections[at] != connection)
		at++;
	return &turns[at];
}

/* Before what may write, outside of a transaction; `settle` after it. */
static void queue_up(sqlite3 *connection)
{
	if (sqlite3_get_autocommit(connection))
		turn_take(turn_of(connection));
}

static void settle(sqlite3 *connection)
{
	if (sqlite3_get_autocommit(connection))
		turn_give(turn_of(connection));
}

static int free_place(void **places, int count)
{
	for (int i = 0; i < count; i++)
		if (!places[i])
			return i;
	return -1;
}

HOST_FUNCTION(sql_open)
{
	(void)self, (void)argc;
	const char *path = host_text(context, argv[0]);
	int at = free_place((void **)connections, MOST_CONNECTIONS);
	if (!path || at < 0)
		return JS_ThrowRangeError(context, "too many databases");
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int result = sqlite3_open_v2(path, &connections[at], flags, NULL);
	if (result == SQLITE_OK)
		turns[at] = turn_at(path);
	JS_FreeCString(context, path);
	if (result == SQLITE_OK)
		return JS_NewInt32(context, at);
	JSValue error = fail(context, connections[at]);
	sqlite3_close(connections[at]);
	connections[at] = NULL;
	return error;
}

/* The statements go first, or the connection would live on. */
HOST_FUNCTION(sql_close)
{
	(void)self, (void)argc;
	sqlite3 *connection = connection_at(context, argv[0]);
	if (!connection)
		return JS_EXCEPTION;
	for (int i = 0; i < MOST_STATEMENTS; i++)
		if (statements[i] && sqlite3_db_handle(statements[i]) == connection) {
			sqlite3_finalize(statements[i]);
			statements[i] = NULL;
		}
	turn_close(turn_of(connection));
	sqlite3_close(connection);
	for (int i = 0; i < MOST_CONNECTIONS; i++)
		if (connections[i] == connection)
			connections[i] = NULL;
	return JS_UNDEFINED;
}

HOST_FUNCTION(sql_execute)
{
	(void)self, (void)argc;
	sqlite3 *connection = connection_at(context, argv[0]);
	const char *text = connection ? JS_ToCString(context, argv[1]) : NULL;
	if (!text)
		return JS_EXCEPTION;
	if (strncmp(text, "BEGIN", 5) == 0)
		queue_up(connection);
	int result = sqlite3_exec(connection, text, NULL, NULL, NULL);
	settle(connection);
	JS_FreeCString(context, text);
	return result == SQLITE_OK ? JS_UNDEFINED : fail(context, connection);
}

HOST_FUNCTION(sql_prepare)
{
	(void)self, (void)argc;
	sqlite3 *connection = connection_at(context, argv[0]);
	int at = free_place((void **)statements, MOST_STATEMENTS);
	size_t length;
	const char *text = connection && at >= 0 ? JS_ToCStringLen(context, &length, argv[1]) : NULL;
	if (!text)
		return connection ? JS_ThrowRangeError(context, "too many statements") : JS_EXCEPTION;
	int result = sqlite3_prepare_v2(connection, text, (int)length, &statements[at], NULL);
	JS_FreeCString(context, text);
	return result == SQLITE_OK ? JS_NewInt32(context, at) : fail(context, connection);
}

static int bind_bytes(JSContext *context, sqlite3_stmt *statement, int at, JSValueConst value)
{
	size_t offset, length, size;
	JSValue buffer = JS_GetTypedArrayBuffer(context, value, &offset, &length, NULL);
	uint8_t *bytes = JS_IsException(buffer) ? NULL : JS_GetArrayBuffer(context, &size, buffer);
	int result = bytes ? sqlite3_bind_blob64(statement, at, bytes + offset, length, SQLITE_TRANSIENT) : SQLITE_MISMATCH;
	JS_FreeValue(context, buffer);
	return result;
}

static int bind_one(JSContext *context, sqlite3_stmt *statement, int at, JSValueConst value)
{
	int64_t whole;
	double number;
	if (JS_IsNull(value) || JS_IsUndefined(value))
		return sqlite3_bind_null(statement, at);
	if (JS_IsString(value)) {
		size_t length;
		const char *text = JS_ToCStringLen(context, &length, value);
		int result = text ? sqlite3_bind_text64(statement, at, text, length, SQLITE_TRANSIENT, SQLITE_UTF8) :
				    SQLITE_NOMEM;
		JS_FreeCString(context, text);
		return result;
	}
	if (JS_IsBigInt(context, value))
		return JS_ToBigInt64(context, &whole, value) ? SQLITE_MISMATCH : sqlite3_bind_int64(statement, at, whole);
	if (!JS_IsNumber(value))
		return bind_bytes(context, statement, at, value);
	JS_ToFloat64(context, &number, value);
	whole = number >= -9e15 && number <= 9e15 ? (int64_t)number : 0;
	return (double)whole == number ? sqlite3_bind_int64(statement, at, whole) :
					 sqlite3_bind_double(statement, at, number);
}

static JSValue column(JSContext *context, sqlite3_stmt *statement, int at)
{
	switch (sqlite3_column_type(statement, at)) {
	case SQLITE_INTEGER:
		return JS_NewInt64(context, sqlite3_column_int64(statement, at));
	case SQLITE_FLOAT:
		return JS_NewFloat64(context, sqlite3_column_double(statement, at));
	case SQLITE_TEXT:
		return JS_NewStringLen(context, (const char *)sqlite3_column_text(statement, at),
				       (size_t)sqlite3_column_bytes(statement, at));
	case SQLITE_BLOB:
		return JS_NewArrayBufferCopy(context, sqlite3_column_blob(statement, at),
					     (size_t)sqlite3_column_bytes(statement, at));
	default:
		return JS_NULL;
	}
}

static JSValue row(JSContext *context, sqlite3_stmt *statement)
{
	JSValue object = JS_NewObject(context);
	for (int i = 0; i < sqlite3_column_count(statement); i++)
		JS_SetPropertyStr(context, object, sqlite3_column_name(statement, i), column(context, statement, i));
	return object;
}

/* sqlQuery(statement, values): its rows. */
HOST_FUNCTION(sql_query)
{
	(void)self, (void)argc;
	int32_t at = -1;
	JS_ToInt32(context, &at, argv[0]);
	if (at < 0 || at >= MOST_STATEMENTS || !statements[at])
		return JS_ThrowRangeError(context, "no such statement");
	sqlite3_stmt *statement = statements[at];
	sqlite3 *connection = sqlite3_db_handle(statement);
	if (!sqlite3_stmt_readonly(statement))
		queue_up(connection);
	int wanted = sqlite3_bind_parameter_count(statement), result = SQLITE_OK;
	for (int i = 0; i < wanted && result == SQLITE_OK; i++) {
		JSValue value = JS_GetPropertyUint32(context, argv[1], (uint32_t)i);
		result = bind_one(context, statement, i + 1, value);
		JS_FreeValue(context, value);
	}
	JSValue rows = JS_NewArray(context);
	for (uint32_t i = 0; result == SQLITE_OK || result == SQLITE_ROW; i++) {
		result = sqlite3_step(statement);
		if (result == SQLITE_ROW)
			JS_SetPropertyUint32(context, rows, i, row(context, statement));
	}
	JSValue answer = rows;
	if (result != SQLITE_DONE) {
		JS_FreeValue(context, rows);
		answer = fail(context, connection);
	}
	sqlite3_reset(statement);
	settle(connection);
	sqlite3_clear_bindings(statement);
	return answer;
}

/* sqlChanged(connection): how many rows the last statement changed, and the last row id. */
HOST_FUNCTION(sql_changed)
{
	(void)self, (void)argc;
	sqlite3 *connection = connection_at(context, argv[0]);
	if (!connection)
		return JS_EXCEPTION;
	JSValue pair = JS_NewArray(context);
	JS_SetPropertyUint32(context, pair, 0, JS_NewInt64(context, sqlite3_changes64(connection)));
	JS_SetPropertyUint32(context, pair, 1, JS_NewInt64(context, sqlite3_last_insert_rowid(connection)));
	return pair;
}

const JSCFunctionListEntry host_sqlite[] = {
	JS_CFUNC_DEF("sqlOpen", 1, sql_open),	    JS_CFUNC_DEF("sqlClose", 1, sql_close),
	JS_CFUNC_DEF("sqlExecute", 2, sql_execute), JS_CFUNC_DEF("sqlPrepare", 2, sql_prepare),
	JS_CFUNC_DEF("sqlQuery", 2, sql_query),	    JS_CFUNC_DEF("sqlChanged", 1, sql_changed),
};
const int host_sqlite_count = COUNT(host_sqlite);
