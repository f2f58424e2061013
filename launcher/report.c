#include "report.h"

#include <string.h>
#include <unistd.h>

#define FIXED_SIZE 24 /* everything but the bytes of path and detail */

static void put(uint8_t *at, uint32_t value, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

void report_send(int fd, const struct report *record)
{
	uint8_t buffer[REPORT_MAX];
	size_t room = sizeof buffer - FIXED_SIZE;
	size_t path = record->path ? strlen(record->path) : 0;
	size_t detail = record->detail ? record->detail_length : 0;
	path = path > room / 2 ? room / 2 : path;
	detail = detail > room - path ? room - path : detail;
	size_t length = FIXED_SIZE + path + detail;
	put(buffer, (uint32_t)length, 4);
	put(buffer + 4, (uint32_t)record->kind, 2);
	put(buffer + 6, record->program, 2);
	put(buffer + 8, record->step, 4);
	put(buffer + 12, (uint32_t)record->value, 4);
	put(buffer + 16, (uint32_t)path, 4);
	if (path)
		memcpy(buffer + 20, record->path, path);
	put(buffer + 20 + path, (uint32_t)detail, 4);
	if (detail)
		memcpy(buffer + FIXED_SIZE + path, record->detail, detail);
	ssize_t written = write(fd, buffer, length);
	(void)written;
}
