/* A container as a service of systemd's: readiness (sd_notify) and sockets that were opened for it (sd_listen_fds). */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "monitor.h"
#include "notify.h"
#include "roles.h"

int service_open(struct monitor *monitor)
{
	/* The container sees the directory, and any user of it may write to the socket. */
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "notify/notify.sock" };

	if (monitor->config->notify_inside == 0)
		return 0;
	monitor->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (monitor->notify < 0)
		return -errno;
	unlink(address.sun_path);
	if (bind(monitor->notify, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(address.sun_path, 0777) < 0)
		return -errno;
	return 0;
}

void service_started(const struct monitor *monitor)
{
	if (monitor->config->notify.len > 0)
		notify_tell(monitor->config->notify.text, getpid(), monitor->config->notify_inside == 0);
}

void service_ready(struct monitor *monitor, int place, short events)
{
	char message[NOTIFY_MESSAGE_MAX];
	ssize_t length = recv(monitor->notify, message, sizeof(message) - 1, 0);

	(void)place, (void)events;
	message[length < 0 ? 0 : length] = 0;
	if (notify_says_ready(message))
		notify_tell(monitor->config->notify.text, getpid(), true);
}

int service_sockets(int argc, char **argv)
{
	int count = argc - 4;

	for (int i = 0; i < count; i++) {
		if (count > SOCKETS || descriptor_argument(argv[4 + i]) != FIRST_SOCKET + i)
			return -EINVAL;
		if (fcntl(FIRST_SOCKET + i, F_SETFD, FD_CLOEXEC) < 0)
			return -errno;
	}
	return count < 0 ? -EINVAL : count;
}
