/* A seccomp filter's listener on its way from the process that is under the filter to who answers for its calls. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kernel.h"
#include "steps.h"

#define MOST_PIECES 4

/* The only call between the filter and its listener's being known; the rest is done by the process outside. */
int step_offer_fd(struct run *run, const void *body)
{
	const struct step_offer_fd *step = body;
	int channel = slot_fd(run, step->slot), fd = slot_fd(run, step->fd);
	if (channel < 0 || fd < 0)
		return -EBADF;
	return write(channel, &fd, sizeof fd) < 0 ? -errno : 0;
}

int step_take_fd(struct run *run, const void *body)
{
	const struct step_take_fd *step = body;
	int channel = slot_fd(run, step->slot), process = slot_fd(run, step->pidfd), number;
	if (channel < 0 || process < 0)
		return -EBADF;
	ssize_t got;
	do
		got = recv(channel, &number, sizeof number, 0);
	while (got < 0 && errno == EINTR);
	/* The peer has ended, and reported why. */
	if (got == 0 || (got < 0 && errno == ECONNRESET)) {
		run->failure.silent = true;
		return -ECHILD;
	}
	if (got != sizeof number)
		return got < 0 ? -errno : -EBADMSG;
	return slot_put(run, step->out, (int)SYS_RESULT(SYS_pidfd_getfd, process, number, 0));
}

int step_send_fd_with_pid(struct run *run, const void *body)
{
	const struct step_send_fd_with_pid *step = body;
	int socket = slot_fd(run, step->slot), fd = slot_fd(run, step->fd);
	pid_t pid = slot_pid(run, step->pidfd);
	if (socket < 0 || fd < 0 || pid < 0)
		return pid < 0 ? pid : -EBADF;
	if (step->pieces.count == 0 || step->pieces.count > MOST_PIECES)
		return -EINVAL;
	char number[16];
	size_t digits = (size_t)snprintf(number, sizeof number, "%d", (int)pid), count = 0;
	struct iovec parts[2 * MOST_PIECES];
	for (uint32_t i = 0; i < step->pieces.count; i++) {
		if (i > 0)
			parts[count++] = (struct iovec){ number, digits };
		const char *piece = step->pieces.items[i];
		parts[count++] = (struct iovec){ (void *)(uintptr_t)piece, strlen(piece) };
	}
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = { 0 };
	struct msghdr message = {
		.msg_iov = parts, .msg_iovlen = count, .msg_control = control, .msg_controllen = CMSG_LEN(sizeof fd),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(head), &fd, sizeof fd);
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
