/* Readiness: a container's program tells a socket of its own, and only that it is ready reaches the service manager. */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "kernel.h"
#include "notify.h"
#include "steps.h"

static int bind_below(int fd, const char *directory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	/* By descriptor: the directory's path may be longer than an address. */
	int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/notify.sock", dir);
	unlinkat(dir, "notify.sock", 0);
	int result = bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
	/* Any user of the container may write to it. */
	if (!result && fchmodat(dir, "notify.sock", 0777, 0) < 0)
		result = -errno;
	close(dir);
	return result;
}

int step_notify_socket(struct run *run, const void *body)
{
	const struct step_notify_socket *step = body;
	at(run, step->directory.text);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int result = bind_below(fd, step->directory.text);
	if (result) {
		close(fd);
		return result;
	}
	return slot_put(run, step->out, fd);
}

bool notify_says_ready(const char *message)
{
	for (const char *line = message; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "READY=1", 7) == 0 && (line[7] == '\n' || line[7] == 0))
			return true;
	}
	return false;
}

int notify_tell(const char *to, pid_t pid, bool ready)
{
	char text[64];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(to);
	if (length >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, to, length);
	if (*to == '@')
		address.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	int written = snprintf(text, sizeof text, "%sMAINPID=%d", ready ? "READY=1\n" : "", pid);
	ssize_t sent = sendto(fd, text, (size_t)written, MSG_NOSIGNAL, (struct sockaddr *)&address, size);
	int result = sent < 0 ? -errno : 0;
	close(fd);
	return result;
}

/* 1 when the program said that it is ready, 0 when it ended without that. */
static int await_ready(int socket, int pidfd)
{
	char message[NOTIFY_MESSAGE_MAX];
	struct pollfd polls[] = { { .fd = socket, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
	for (;;) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			return -errno;
		ssize_t got = recv(socket, message, sizeof message - 1, MSG_DONTWAIT);
		if (got >= 0) {
			message[got] = 0;
			if (notify_says_ready(message))
				return 1;
		} else if (errno != EAGAIN && errno != EINTR) {
			return -errno;
		} else if (polls[1].revents) {
			return 0;
		}
	}
}

int step_notify(struct run *run, const void *body)
{
	const struct step_notify *step = body;
	int socket = slot_fd(run, step->socket), pidfd = slot_fd(run, step->pidfd);
	if (socket < 0 || pidfd < 0)
		return -EBADF;
	at(run, step->to.text);
	pid_t pid = slot_pid(run, step->pidfd);
	if (pid < 0)
		return pid == -ESRCH ? 0 : pid;
	int ready = await_ready(socket, pidfd);
	return ready > 0 ? notify_tell(step->to.text, pid, true) : ready;
}
