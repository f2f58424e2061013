/* The attach socket: who is connected, and frames to them. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "monitor.h"

int clients_listen(struct monitor *monitor)
{
	/* A relative name: only 108 bytes fit. The working directory is the container's. */
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "attach.sock" };
	mode_t before;
	int error = 0;

	for (int i = 0; i < CLIENTS; i++)
		monitor->clients[i].fd = -1;
	monitor->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (monitor->listener < 0)
		return -errno;
	unlink(address.sun_path);
	before = umask(0177);
	if (bind(monitor->listener, (struct sockaddr *)&address, sizeof(address)) < 0)
		error = -errno;
	umask(before);
	if (error == 0 && listen(monitor->listener, CLIENTS) < 0)
		error = -errno;
	return error;
}

void client_drop(struct client *client)
{
	uint8_t rest[512];

	/* Closing with unread data would make the peer's read fail. */
	for (int i = 0; i < 128 && recv(client->fd, rest, sizeof(rest), MSG_DONTWAIT) > 0; i++)
		continue;
	close(client->fd);
	client->fd = -1;
}

/* What a peer that reads no more has coming is forgotten; what it still says is heard. */
static void silence(struct client *client)
{
	client->quiet = true;
	client->out_length = client->out_start = 0;
}

static uint8_t *output_of(const struct monitor *monitor, const struct client *client)
{
	return scratch.clients[client - monitor->clients];
}

void client_flush(const struct monitor *monitor, struct client *client)
{
	ssize_t count;

	if (client->out_length == 0)
		return;
	count = send(client->fd, output_of(monitor, client) + client->out_start, client->out_length, MSG_NOSIGNAL);
	if (count < 0 && errno != EAGAIN && errno != EINTR)
		silence(client);
	if (count <= 0)
		return;
	client->out_start += (uint32_t)count;
	client->out_length -= (uint32_t)count;
	client->moved_ms = clock_ms();
}

static void queue(const struct monitor *monitor, struct client *client, const void *data, size_t length)
{
	uint8_t *out = output_of(monitor, client);

	if (length > OUTPUT_ROOM + STATE_ROOM - client->out_length) {
		silence(client); /* state frames alone have filled it */
		return;
	}
	if (client->out_start + client->out_length + length > OUTPUT_ROOM + STATE_ROOM || client->out_length == 0) {
		memmove(out, out + client->out_start, client->out_length);
		client->out_start = 0;
	}
	memcpy(out + client->out_start + client->out_length, data, length);
	client->out_length += (uint32_t)length;
}

static void send_frame(const struct monitor *monitor, struct client *client, enum frame type, const void *data,
		       size_t length)
{
	uint8_t head[FRAME_HEAD] = { (uint8_t)type, 0, 0, 0, (uint8_t)(length >> 24), (uint8_t)(length >> 16),
			       (uint8_t)(length >> 8), (uint8_t)length };
	struct iovec parts[] = { { head, FRAME_HEAD }, { (void *)(uintptr_t)data, length } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	size_t sent = 0;
	ssize_t count;

	if (client->out_length == 0) {
		count = sendmsg(client->fd, &message, MSG_NOSIGNAL);
		if (count < 0 && errno != EAGAIN && errno != EINTR) {
			silence(client);
			return;
		}
		sent = count < 0 ? 0 : (size_t)count;
		client->moved_ms = clock_ms();
	}
	if (sent < FRAME_HEAD)
		queue(monitor, client, head + sent, FRAME_HEAD - sent);
	sent = sent < FRAME_HEAD ? 0 : sent - FRAME_HEAD;
	if (sent < length)
		queue(monitor, client, (const uint8_t *)data + sent, length - sent);
}

void clients_send(struct monitor *monitor, enum frame type, const void *data, size_t length)
{
	for (int i = 0; i < CLIENTS; i++) {
		struct client *client = &monitor->clients[i];

		if (client->fd >= 0 && !(client->quiet && type <= FRAME_STDERR))
			send_frame(monitor, client, type, data, length);
	}
}

bool clients_have_room(const struct monitor *monitor)
{
	for (int i = 0; i < CLIENTS; i++) {
		const struct client *client = &monitor->clients[i];

		if (client->fd >= 0 && !client->quiet && client->out_length + FRAME_HEAD + READ_SIZE > OUTPUT_ROOM)
			return false;
	}
	return true;
}

unsigned clients_count(const struct monitor *monitor)
{
	unsigned count = 0;

	for (int i = 0; i < CLIENTS; i++)
		count += monitor->clients[i].fd >= 0;
	return count;
}

bool clients_pending(struct monitor *monitor)
{
	int64_t now = clock_ms();
	bool patient = now - monitor->since_ms < STALL_MS;
	bool pending = false;

	for (int i = 0; i < CLIENTS; i++) {
		struct client *client = &monitor->clients[i];

		if (client->fd < 0 || client->out_length == 0)
			continue;
		if (!patient && now - client->moved_ms > STALL_MS)
			client_drop(client);
		else
			pending = true;
	}
	return pending;
}

/*
 * One that is just writing to us when we close would be told that its writing failed, and may not read what lies there for
 * it. So it is told of the end first, and has a moment to close its side.
 */
static void await_close(int fd, int64_t deadline_ms)
{
	struct pollfd polled = { fd, POLLIN, 0 };
	uint8_t rest[512];
	int64_t left;

	while ((left = deadline_ms - clock_ms()) > 0 && poll(&polled, 1, (int)left) > 0)
		if (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) <= 0)
			return;
}

void clients_close(struct monitor *monitor)
{
	int64_t deadline_ms = clock_ms() + FAREWELL_MS;

	for (int i = 0; i < CLIENTS; i++)
		if (monitor->clients[i].fd >= 0)
			shutdown(monitor->clients[i].fd, SHUT_WR);
	for (int i = 0; i < CLIENTS; i++) {
		if (monitor->clients[i].fd < 0)
			continue;
		await_close(monitor->clients[i].fd, deadline_ms);
		client_drop(&monitor->clients[i]);
	}
	unlink("attach.sock");
	close(monitor->listener);
	monitor->listener = -1;
}

static void greet(struct monitor *monitor, struct client *client)
{
	char text[24];
	char *end = put_number(text, (uint64_t)monitor->init);

	if (monitor->phase == RUNNING || monitor->phase == DRAINING)
		send_frame(monitor, client, FRAME_STARTED, text, (size_t)(end - text));
	else if (monitor->phase == LEAVING && monitor->error == 0)
		send_frame(monitor, client, FRAME_EXITED, exit_text(), monitor->exit_length);
	else if (monitor->phase == WAITING)
		send_frame(monitor, client, FRAME_RESTARTING, exit_text(), monitor->exit_length);
	else if (monitor->phase == LEAVING)
		send_frame(monitor, client, FRAME_FAILED, launch_failure(monitor), monitor->failure_length);
}

/* For one more: who only waits for the end can look for it without us. Of these, the one that has waited longest. */
static struct client *make_room(struct monitor *monitor)
{
	struct client *oldest = NULL;

	for (int i = 0; i < CLIENTS; i++) {
		struct client *client = &monitor->clients[i];

		if (client->fd < 0)
			return client;
		if (client->waits && !client->starter && (oldest == NULL || client->moved_ms < oldest->moved_ms))
			oldest = client;
	}
	if (oldest != NULL)
		client_drop(oldest);
	return oldest;
}

void client_accept(struct monitor *monitor, int place, short events)
{
	int fd = accept4(monitor->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client = fd < 0 ? NULL : make_room(monitor);

	(void)place, (void)events;
	if (client != NULL) {
		*client = (struct client){ .fd = fd, .moved_ms = clock_ms() };
		greet(monitor, client);
	} else if (fd >= 0)
		close(fd);
}
