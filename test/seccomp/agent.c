/*
 * Answers for a filter's calls: agent SOCKET CALL ERRNO. Takes one listener after another at the unix socket, writes
 * what came with each as a line to standard output, then fails every CALL with ERRNO and lets all others go on.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int receive(int connection)
{
	static char text[65536];
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { text, sizeof text - 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control,
	};
	ssize_t got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (got <= 0 || !head)
		return -1;
	text[got] = 0;
	printf("%s\n", text);
	fflush(stdout);
	int fd;
	memcpy(&fd, CMSG_DATA(head), sizeof fd);
	return fd;
}

static void answer(int listener, int call, int error)
{
	for (;;) {
		struct seccomp_notif asked;
		memset(&asked, 0, sizeof asked);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		struct seccomp_notif_resp answer = { .id = asked.id };
		if (asked.data.nr == call)
			answer.error = -error;
		else
			answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (argc != 4)
		return 2;
	strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server, (struct sockaddr *)&address, sizeof address) < 0 || listen(server, 8) < 0)
		return 1;
	for (;;) {
		int connection = accept(server, NULL, NULL), listener = receive(connection);
		close(connection);
		if (listener >= 0 && fork() == 0) {
			close(server);
			answer(listener, atoi(argv[2]), atoi(argv[3]));
			_exit(0);
		}
		close(listener);
	}
}
