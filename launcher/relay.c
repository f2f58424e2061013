#include "relay.h"

#include <string.h>
#include <sys/ioctl.h>

#include "kernel.h"

#define QUIET_MS 100
#define DRAIN_MS 200 /* for a reader that does not read */

static void set_raw(struct relay *relay)
{
	struct termios raw;
	if (tcgetattr(STDIN_FILENO, &relay->saved) < 0)
		return;
	raw = relay->saved;
	cfmakeraw(&raw);
	relay->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void relay_resize(const struct relay *relay)
{
	struct winsize size;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(relay->master, TIOCSWINSZ, &size);
}

int relay_begin(struct relay *relay, int master)
{
	/* The master is ours alone; 0 and 1 are shared with others, who would be surprised by O_NONBLOCK. */
	int flags = fcntl(master, F_GETFL);
	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	*relay = (struct relay){
		.master = master,
		.in = { .from = STDIN_FILENO, .to = master, .open = true },
		.out = { .from = master, .to = STDOUT_FILENO, .open = true },
	};
	relay_resize(relay);
	set_raw(relay);
	return 0;
}

static bool is_empty(const struct flow *flow)
{
	return flow->start == flow->end;
}

/* One entry to read by when the flow is empty, one to write by when it is not; poll(2) skips negative descriptors. */
static void flow_polls(const struct flow *flow, struct pollfd *polls)
{
	polls[0] = (struct pollfd){ .fd = flow->open && is_empty(flow) ? flow->from : -1, .events = POLLIN };
	polls[1] = (struct pollfd){ .fd = is_empty(flow) ? -1 : flow->to, .events = POLLOUT };
}

int relay_polls(struct relay *relay, struct pollfd *polls)
{
	flow_polls(&relay->in, polls);
	flow_polls(&relay->out, polls + 2);
	if (!relay->quiet)
		return -1;
	polls[1].fd = polls[2].fd = -1;
	return QUIET_MS;
}

/* Returns whether the source gave something or said that it may yet. */
static bool flow_read(struct flow *flow, size_t room)
{
	ssize_t got = read(flow->from, flow->data, room);
	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR);
	flow->start = 0;
	flow->end = (size_t)got;
	return true;
}

static void flow_write(struct flow *flow)
{
	ssize_t written = flow->discard ? (ssize_t)(flow->end - flow->start) :
					  write(flow->to, flow->data + flow->start, flow->end - flow->start);
	if (written > 0)
		flow->start += (size_t)written;
	else if (errno != EAGAIN && errno != EINTR) {
		/* Going on without a reader: the program must not block on its own terminal. */
		flow->discard = true;
		flow->start = flow->end = 0;
	}
}

/* Takes the keys out of what was typed; bytes that may be their beginning wait until it is known that they are not. */
static void filter_keys(struct relay *relay)
{
	char typed[sizeof relay->in.data];
	uint8_t held[RELAY_KEYS_MAX + 1];
	size_t count = relay->in.end;

	memcpy(typed, relay->in.data, count);
	relay->in.end = 0;
	for (size_t at = 0; at < count && !relay->detached; at++) {
		size_t length = relay->matched + 1;
		size_t match = length;

		memcpy(held, relay->keys, relay->matched);
		held[relay->matched] = (uint8_t)typed[at];
		while (match > 0 && memcmp(held + length - match, relay->keys, match) != 0)
			match--;
		memcpy(relay->in.data + relay->in.end, held, length - match);
		relay->in.end += length - match;
		relay->matched = match;
		relay->detached = match == relay->key_count;
	}
}

static bool read_typed(struct relay *relay)
{
	bool more = flow_read(&relay->in, sizeof relay->in.data - RELAY_KEYS_MAX);

	if (relay->key_count > 0 && !is_empty(&relay->in))
		filter_keys(relay);
	return more;
}

void relay_drop(int master, int pidfd)
{
	char dropped[4096];
	bool quiet = false;

	for (;;) {
		struct pollfd polls[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = quiet ? -1 : master, .events = POLLIN } };

		poll(polls, 2, quiet ? QUIET_MS : -1);
		if (polls[0].revents)
			return;
		/* EIO: nobody has it open at the moment. */
		quiet = polls[1].revents && read(master, dropped, sizeof dropped) < 0 && errno != EAGAIN;
	}
}

void relay_move(struct relay *relay, const struct pollfd *polls)
{
	relay->quiet = false;
	if (polls[0].revents)
		relay->in.open = read_typed(relay);
	if (polls[1].revents & POLLOUT)
		flow_write(&relay->in);
	/* EIO: no process has it open at the moment, but the program may open it again. */
	if (polls[2].fd >= 0 && polls[2].revents)
		relay->quiet = !flow_read(&relay->out, sizeof relay->out.data);
	if (polls[3].revents)
		flow_write(&relay->out);
	/* Input for a terminal that nobody has open is kept, unless the terminal refuses it for good. */
	relay->in.discard = false;
}

static void drain(struct flow *flow)
{
	for (;;) {
		if (is_empty(flow) && (!flow_read(flow, sizeof flow->data) || is_empty(flow)))
			return;
		struct pollfd writable = { .fd = flow->to, .events = POLLOUT };
		if (!flow->discard && poll(&writable, 1, DRAIN_MS) <= 0)
			return;
		flow_write(flow);
	}
}

void relay_end(struct relay *relay)
{
	drain(&relay->out);
	/* TCSADRAIN: what was written above is shown in raw mode, as it was meant. */
	if (relay->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &relay->saved);
}
