/* Frames from the clients of the attach socket. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "monitor.h"

#define SIGNALS 64

/*
 * The program may run, and have said so, before the launch is known to have ended: a signal that comes by then is kept. One
 * for a container that has ended is late.
 */
static void take_signal(struct monitor *monitor, uint8_t number)
{
	if (number < 1 || number > SIGNALS)
		return;
	if (monitor->phase == LAUNCHING)
		monitor->early_signals |= UINT64_C(1) << (number - 1);
	/* Not reaped yet, so the number is still this process's. */
	if (monitor->phase == RUNNING && !monitor->init_ended) {
		if (number == SIGKILL)
			health_stop(monitor); /* how it dies is nobody's business */
		kill(monitor->init, number);
	}
}

void early_signals(struct monitor *monitor)
{
	for (uint8_t number = 1; number <= SIGNALS; number++)
		if (monitor->early_signals & UINT64_C(1) << (number - 1))
			take_signal(monitor, number);
	monitor->early_signals = 0;
}

/* A whole frame other than stdin has come. False when it makes no sense. */
static bool obey(struct monitor *monitor, struct client *client)
{
	const uint8_t *body = client->body;

	switch (client->head[0]) {
	case FRAME_START:
		if (monitor->phase == HOLDING) {
			client->starter = true;
			launch_start(monitor);
		}
		return true;
	case FRAME_RESIZE:
		if (client->body_length != 4)
			return false;
		resize_terminal(monitor, (uint16_t)(body[0] << 8 | body[1]), (uint16_t)(body[2] << 8 | body[3]));
		return true;
	case FRAME_CLOSE_STDIN:
		input_close(monitor);
		return true;
	case FRAME_QUIET:
		client->quiet = client->waits = true;
		return true;
	case FRAME_SIGNAL:
		if (client->body_length != 1)
			return false;
		take_signal(monitor, body[0]);
		return true;
	case FRAME_CHECK:
		health_check(monitor);
		return true;
	case FRAME_RESTART:
		if (client->body_length != 4)
			return false;
		restart_policy(monitor, (uint32_t)body[0] << 24 | (uint32_t)body[1] << 16 | (uint32_t)body[2] << 8 | body[3]);
		return true;
	case FRAME_REOPEN_LOG:
		log_reopen(&monitor->log);
		return true;
	}
	return false;
}

/* Takes the head of a frame; false when it cannot be one. */
static bool take_head(struct client *client)
{
	const uint8_t *head = client->head;

	client->left = (uint32_t)head[4] << 24 | (uint32_t)head[5] << 16 | (uint32_t)head[6] << 8 | head[7];
	client->body_length = 0;
	if (head[1] != 0 || head[2] != 0 || head[3] != 0 || client->left > PAYLOAD_MAX)
		return false;
	return head[0] == FRAME_STDIN || client->left <= sizeof(client->body);
}

/* How much may be read now, so that it can be put where it belongs at once. */
static uint32_t wanted(const struct monitor *monitor, const struct client *client)
{
	uint32_t room = input_room(monitor);

	if (client->head_length < FRAME_HEAD)
		return FRAME_HEAD - client->head_length;
	if (client->head[0] != FRAME_STDIN)
		return client->left;
	return client->left < room ? client->left : room;
}

short client_wants(const struct monitor *monitor, const struct client *client)
{
	return (short)((wanted(monitor, client) > 0 ? POLLIN : 0) | (client->out_length > 0 ? POLLOUT : 0));
}

static bool take(struct monitor *monitor, struct client *client, const uint8_t *data, uint32_t length)
{
	if (client->head_length < FRAME_HEAD) {
		memcpy(client->head + client->head_length, data, length);
		client->head_length += (uint8_t)length;
		if (client->head_length == FRAME_HEAD && !take_head(client))
			return false;
	} else {
		if (client->head[0] == FRAME_STDIN) {
			input_put(monitor, data, length);
		} else {
			memcpy(client->body + client->body_length, data, length);
			client->body_length += (uint8_t)length;
		}
		client->left -= length;
	}
	if (client->head_length < FRAME_HEAD || client->left > 0)
		return true;
	client->head_length = 0;
	return client->head[0] == FRAME_STDIN || obey(monitor, client);
}

void client_ready(struct monitor *monitor, int place, short events)
{
	struct client *client = &monitor->clients[place];
	uint8_t data[4096];

	if ((events & POLLOUT) != 0)
		client_flush(monitor, client);
	for (int turns = 0; turns < 64 && wanted(monitor, client) > 0; turns++) {
		uint32_t most = wanted(monitor, client);
		ssize_t count = recv(client->fd, data, most < sizeof(data) ? most : sizeof(data), 0);

		if (count < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (count <= 0 || !take(monitor, client, data, (uint32_t)count)) {
			client_drop(client);
			return;
		}
	}
}
