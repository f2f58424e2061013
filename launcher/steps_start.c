/* A container that is created but not started waits at a fifo; start lets it go and hears how its exec went. */
#include <poll.h>
#include <string.h>
#include <time.h>

#include "kernel.h"
#include "steps.h"

#define RECORD_HEAD 24

static uint32_t number_at(const uint8_t *bytes, unsigned count)
{
	uint32_t value = 0;
	for (unsigned i = 0; i < count; i++)
		value |= (uint32_t)bytes[i] << (8 * i);
	return value;
}

/* Passes on the whole records at the start of the buffer; returns how many bytes they were, or -EPROTO. */
static int pass_on(struct run *run, const uint8_t *bytes, size_t length, int *failed)
{
	size_t done = 0;
	while (length - done >= RECORD_HEAD) {
		uint32_t size = number_at(bytes + done, 4);
		if (size < RECORD_HEAD || size > REPORT_MAX)
			return -EPROTO;
		if (size > length - done)
			break;
		ssize_t written = write(run->report_fd, bytes + done, size);
		(void)written;
		if (number_at(bytes + done + 4, 2) == REPORT_FAIL)
			*failed = -(int)number_at(bytes + done + 12, 4);
		done += size;
	}
	return (int)done;
}

static int copy_report(struct run *run, int fd)
{
	uint8_t buffer[2 * REPORT_MAX];
	size_t held = 0;
	int failed = 0;
	for (;;) {
		ssize_t got = read(fd, buffer + held, sizeof buffer - held);
		if (got == 0)
			break;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (got < 0) {
			struct pollfd wait = { .fd = fd, .events = POLLIN };
			poll(&wait, 1, -1);
			continue;
		}
		held += (size_t)got;
		int passed = pass_on(run, buffer, held, &failed);
		if (passed < 0)
			return passed;
		held -= (size_t)passed;
		memmove(buffer, buffer + passed, held);
	}
	run->failure.silent = failed != 0;
	return failed;
}

int step_release(struct run *run, const void *body)
{
	const struct step_release *step = body;
	at(run, step->report.text);
	int report = open(step->report.text, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (report < 0)
		return -errno;
	at(run, step->go.text);
	int go = open(step->go.text, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	int result = go < 0 || write(go, "", 1) < 0 ? -errno : 0;
	if (go >= 0)
		close(go);
	if (!result)
		result = copy_report(run, report);
	close(report);
	return result;
}

int step_await_go(struct run *run, const void *body)
{
	const struct step_await_go *step = body;
	const struct timespec pause = { .tv_nsec = 20000000 };
	char byte;
	int fd = slot_fd(run, step->slot);
	if (fd < 0)
		return fd;
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		poll(&wait, 1, -1);
		ssize_t got = read(fd, &byte, 1);
		if (got == 1)
			break;
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		/* No writer yet, or one that died before it wrote: the end of a fifo is not final. */
		if (got == 0)
			nanosleep(&pause, NULL);
	}
	close(fd);
	run->slots[step->slot] = (struct slot){ .fd = -1 };
	return 0;
}

int step_report_to(struct run *run, const void *body)
{
	const struct step_report_to *step = body;
	int fd = slot_fd(run, step->slot);
	if (fd < 0)
		return fd;
	close(run->report_fd);
	/* The descriptor is the report from now on; no step may close it. */
	run->report_fd = fd;
	run->slots[step->slot] = (struct slot){ .fd = -1 };
	return 0;
}
