/* Calls of the service manager, by messages that were made elsewhere. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "bus.h"
#include "kernel.h"
#include "steps.h"

#define PATIENCE_SECONDS 30
#define SERIAL_AT 8
#define JOB_ID_SIZE 4

static int send_all(int fd, const void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t sent = send(fd, (const char *)data + done, size - done, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		done += (size_t)sent;
	}
	return 0;
}

/* One line of the handshake, byte by byte: what follows it are messages. */
static int read_line(int fd, char *line, size_t room)
{
	for (size_t length = 0; length + 1 < room; length++) {
		ssize_t got = recv(fd, line + length, 1, 0);
		if (got <= 0)
			return got == 0 ? -EACCES : errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (line[length] == '\n') {
			line[length] = 0;
			return 0;
		}
	}
	return -EPROTO;
}

/* The other side takes our credentials from the socket: a name for ourselves would be another one in a user namespace. */
static int authenticate(int fd)
{
	static const char words[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	char line[512];
	int result = send_all(fd, words, sizeof words - 1);
	while (!result) {
		result = read_line(fd, line, sizeof line);
		if (!result && strncmp(line, "OK ", 3) == 0)
			return 0;
		if (!result && strncmp(line, "DATA", 4) != 0)
			return -EACCES;
	}
	return result;
}

static int connect_to(const struct text *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	if (path->len == 0 || path->len >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path->text, path->len);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path->len);
	int result = connect(fd, (struct sockaddr *)&address, size) < 0 ? -errno : authenticate(fd);
	if (!result)
		return fd;
	close(fd);
	return result;
}

int step_bus_connect(struct run *run, const void *body)
{
	const struct step_bus_connect *step = body;
	at(run, step->path.text);
	return slot_put(run, step->out, connect_to(&step->path));
}

static int refused(struct run *run, const struct bus_message *reply)
{
	uint32_t at_ = 0;
	const char *text = bus_string(reply, &at_);
	struct failure *failure = &run->failure;
	int length = snprintf(failure->detail, DETAIL_MAX, "%s: %s", reply->error ? reply->error : "", text ? text : "");
	failure->detail_length = length < DETAIL_MAX ? (size_t)length : DETAIL_MAX - 1;
	return -ECONNREFUSED;
}

/* Waits for JobRemoved(id, job, unit, result) of this job. */
static int await_job(struct run *run, int fd, const char *job)
{
	struct bus_message message;
	for (;;) {
		int result = bus_read(fd, &message);
		if (result)
			return result;
		if (message.type != BUS_SIGNAL || !message.member || strcmp(message.member, "JobRemoved") != 0)
			continue;
		uint32_t at_ = JOB_ID_SIZE;
		const char *removed = bus_string(&message, &at_);
		const char *unit = removed ? bus_string(&message, &at_) : NULL;
		const char *outcome = unit ? bus_string(&message, &at_) : NULL;
		if (!outcome || strcmp(removed, job) != 0)
			continue;
		if (strcmp(outcome, "done") == 0)
			return 0;
		struct failure *failure = &run->failure;
		int length = snprintf(failure->detail, DETAIL_MAX, "%s", outcome);
		failure->detail_length = length < DETAIL_MAX ? (size_t)length : DETAIL_MAX - 1;
		return -ECANCELED;
	}
}

static int take_reply(struct run *run, int fd, const struct step_bus_call *step, uint32_t serial)
{
	struct bus_message message;
	do {
		int result = bus_read(fd, &message);
		if (result)
			return result;
	} while (message.reply_to != serial || (message.type != BUS_REPLY && message.type != BUS_ERROR));
	if (message.type == BUS_ERROR)
		return refused(run, &message);
	if (step->report) {
		size_t size = message.body_length < DETAIL_MAX ? message.body_length : DETAIL_MAX;
		report_step(run, REPORT_DATA, (int32_t)size, "reply", message.body, size);
	}
	if (!step->job)
		return 0;
	char job[256];
	uint32_t at_ = 0;
	const char *path = bus_string(&message, &at_);
	if (!path || strlen(path) >= sizeof job)
		return -EPROTO;
	strcpy(job, path);
	return await_job(run, fd, job);
}

int step_bus_call(struct run *run, const void *body)
{
	const struct step_bus_call *step = body;
	uint32_t serial;
	int fd = slot_fd(run, step->bus);
	if (fd < 0)
		return fd;
	if (step->message.len < SERIAL_AT + sizeof serial)
		return -EINVAL;
	memcpy(&serial, step->message.data + SERIAL_AT, sizeof serial);
	if (step->pidfd != NO_SLOT) {
		pid_t pid = slot_pid(run, step->pidfd);
		if (pid < 0)
			return pid;
		uint32_t number = (uint32_t)pid;
		if (step->pid_at > step->message.len - sizeof number)
			return -EINVAL;
		/* The plan's bytes are a copy of our own. */
		memcpy((uint8_t *)(uintptr_t)step->message.data + step->pid_at, &number, sizeof number);
	}
	int result = send_all(fd, step->message.data, step->message.len);
	return result ? result : take_reply(run, fd, step, serial);
}
