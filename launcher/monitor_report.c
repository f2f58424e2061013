/* The report of the launch: handed on, and a failure kept. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "monitor.h"

/* Head of a record: length u32, kind u16, program u16, step u32, value i32 */
enum { RECORD_MIN = 24, KIND_AT = 4, VALUE_AT = 12 };

static uint8_t failure[FAILURE_MAX];

const uint8_t *launch_failure(const struct monitor *monitor)
{
	(void)monitor;
	return failure;
}

static void keep_failure(struct monitor *monitor, const uint8_t *record, uint32_t length)
{
	int32_t value;

	memcpy(&value, record + VALUE_AT, sizeof(value));
	if (monitor->error == 0)
		monitor->error = value > 0 ? value : EIO;
	if (length > sizeof(failure) - monitor->failure_length)
		return;
	memcpy(failure + monitor->failure_length, record, length);
	monitor->failure_length += length;
}

void launch_failed(struct monitor *monitor, int error, const char *path)
{
	struct report record = { .kind = REPORT_FAIL, .step = NO_STEP, .value = error, .path = path };
	int ends[2];
	ssize_t length;

	if (monitor->report >= 0)
		report_send(monitor->report, &record);
	if (pipe2(ends, O_CLOEXEC) < 0) {
		monitor->error = error;
		return;
	}
	report_send(ends[1], &record);
	length = read(ends[0], scratch.records, sizeof(scratch.records));
	if (length > 0)
		keep_failure(monitor, scratch.records, (uint32_t)length);
	close(ends[0]);
	close(ends[1]);
}

static void take_record(struct monitor *monitor, const uint8_t *record, uint32_t length)
{
	uint16_t kind;
	int32_t value;

	memcpy(&kind, record + KIND_AT, sizeof(kind));
	memcpy(&value, record + VALUE_AT, sizeof(value));
	/* A report that cannot be written is lost; the exit status still speaks. */
	if (monitor->report >= 0 && write(monitor->report, record, length) < 0)
		monitor->report = -1;
	if (kind == REPORT_FAIL)
		keep_failure(monitor, record, length);
	if (kind == REPORT_WARN)
		clients_send(monitor, FRAME_WARNED, record, length);
	if (kind == REPORT_PID && monitor->init == 0)
		monitor->init = value;
}

/* Takes all whole records; false when what is there cannot be one. */
static bool take_records(struct monitor *monitor)
{
	uint32_t at = 0, length;

	while (monitor->record_length - at >= RECORD_MIN) {
		memcpy(&length, scratch.records + at, sizeof(length));
		if (length < RECORD_MIN || length > REPORT_MAX)
			return false;
		if (length > monitor->record_length - at)
			break;
		take_record(monitor, scratch.records + at, length);
		at += length;
	}
	monitor->record_length -= at;
	memmove(scratch.records, scratch.records + at, monitor->record_length);
	return true;
}

void launch_report_ready(struct monitor *monitor, int place, short events)
{
	(void)place, (void)events;
	while (monitor->launch_report >= 0) {
		ssize_t count = read(monitor->launch_report, scratch.records + monitor->record_length,
				     sizeof(scratch.records) - monitor->record_length);

		if (count < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (count > 0) {
			monitor->record_length += (uint32_t)count;
			if (take_records(monitor))
				continue;
			launch_failed(monitor, EPROTO, "report");
		}
		close(monitor->launch_report);
		monitor->launch_report = -1;
	}
}
