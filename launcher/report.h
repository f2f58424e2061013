/* Reports to the TypeScript side: one write(2) per record; format in docs/plan.md. */
#ifndef SAMPAN_REPORT_H
#define SAMPAN_REPORT_H

#include <stddef.h>
#include <stdint.h>

#define REPORT_MAX 4096 /* PIPE_BUF: such a write is atomic */
#define NO_STEP 0xffffffffu

enum report_kind {
	REPORT_FAIL = 1, REPORT_WARN, REPORT_PID, REPORT_EXIT, REPORT_DATA, REPORT_DONE,
};

struct report {
	enum report_kind kind;
	uint16_t program;
	uint32_t step;
	int32_t value;
	const char *path; /* NULL for none; cut when too long */
	const void *detail;
	size_t detail_length; /* cut so that the record fits REPORT_MAX */
};

/* Sends one record to fd; a report that cannot be written is lost silently (the exit status still speaks). */
void report_send(int fd, const struct report *record);

#endif
