/* The container's standard streams: output to the log and to the clients, input from the clients. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "monitor.h"

enum { TAKEN, EMPTY, CLOSED };

/* Moves one read's worth. A terminal that nobody has open reads as EIO. */
static int take(struct monitor *monitor, int place)
{
	uint8_t *output = scratch.output + HELD_MAX;
	ssize_t count = read(monitor->output[place], output, READ_SIZE);

	if (count > 0) {
		log_chunk(&monitor->log, place, output, (size_t)count);
		clients_send(monitor, place == 0 ? FRAME_STDOUT : FRAME_STDERR, output, (size_t)count);
		return TAKEN;
	}
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return EMPTY;
	if (monitor->config->tty != 0 && monitor->phase < DRAINING) {
		monitor->parked_ms = clock_ms() + PARK_MS; /* somebody inside may open it again */
		return EMPTY;
	}
	close(monitor->output[place]);
	monitor->output[place] = -1;
	return CLOSED;
}

void output_ready(struct monitor *monitor, int place, short events)
{
	(void)events;
	if (clients_have_room(monitor))
		take(monitor, place);
}

bool output_drain(struct monitor *monitor)
{
	for (int place = 0; place < 2; place++) {
		while (monitor->output[place] >= 0 && !monitor->drained[place] && monitor->drain_left > 0) {
			if (!clients_have_room(monitor))
				return false;
			monitor->drained[place] = take(monitor, place) != TAKEN;
			/* Writers in a shared PID namespace may never stop. */
			monitor->drain_left--;
		}
	}
	return true;
}

uint32_t input_room(const struct monitor *monitor)
{
	return INPUT_ROOM - monitor->input_length;
}

static void flush_input(struct monitor *monitor)
{
	ssize_t count = 0;

	if (monitor->input < 0)
		return;
	if (monitor->input_length > 0)
		count = write(monitor->input, scratch.input + monitor->input_start, monitor->input_length);
	if (count < 0 && errno != EAGAIN && errno != EINTR) {
		monitor->input_length = 0;
		monitor->input_closing = true;
	}
	if (count > 0) {
		monitor->input_start += (uint32_t)count;
		monitor->input_length -= (uint32_t)count;
	}
	if (monitor->input_length == 0 && monitor->input_closing) {
		close(monitor->input);
		monitor->input = -1;
	}
}

void input_ready(struct monitor *monitor, int place, short events)
{
	(void)place;
	/* Nobody will ever read it again. */
	if ((events & POLLERR) != 0 && monitor->config->tty == 0) {
		monitor->input_length = 0;
		monitor->input_closing = true;
	}
	flush_input(monitor);
}

void input_put(struct monitor *monitor, const uint8_t *data, uint32_t length)
{
	bool open = monitor->input >= 0 || (monitor->phase < RUNNING && monitor->config->stdin_ != 0);

	if (!open || monitor->input_closing)
		return;
	memmove(scratch.input, scratch.input + monitor->input_start, monitor->input_length);
	monitor->input_start = 0;
	memcpy(scratch.input + monitor->input_length, data, length);
	monitor->input_length += length;
	flush_input(monitor);
}

void input_close(struct monitor *monitor)
{
	/* A terminal has no half-close; its line discipline ends input with a character of the user's. */
	if (monitor->config->tty != 0)
		return;
	monitor->input_closing = true;
	flush_input(monitor);
}

void resize_terminal(struct monitor *monitor, uint16_t rows, uint16_t columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	monitor->rows = rows;
	monitor->columns = columns;
	if (monitor->config->tty != 0 && monitor->output[0] >= 0)
		ioctl(monitor->output[0], TIOCSWINSZ, &size);
}
