/* Order between processes: channels, and descriptors that travel. */
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "kernel.h"
#include "steps.h"

int step_channel(struct run *run, const void *body)
{
	const struct step_channel *step = body;
	int ends[2];
	if (step->a == NO_SLOT || step->b == NO_SLOT)
		return -EBADF;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	slot_put(run, step->a, ends[0]);
	return slot_put(run, step->b, ends[1]);
}

/* The peer has ended, and reported why; what we add to that would only hide it. */
static int peer_is_gone(struct run *run)
{
	run->failure.silent = true;
	return -ECHILD;
}

static int channel_error(struct run *run)
{
	return errno == EPIPE || errno == ECONNRESET ? peer_is_gone(run) : -errno;
}

int step_post(struct run *run, const void *body)
{
	const struct step_post *step = body;
	int fd = slot_fd(run, step->slot);
	if (fd < 0)
		return fd;
	return send(fd, "", 1, MSG_NOSIGNAL) < 0 ? channel_error(run) : 0;
}

int step_wait(struct run *run, const void *body)
{
	const struct step_wait *step = body;
	char byte;
	int fd = slot_fd(run, step->slot);
	if (fd < 0)
		return fd;
	ssize_t got;
	do
		got = recv(fd, &byte, 1, 0);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got < 0 ? channel_error(run) : peer_is_gone(run);
	if (run->dumpable_until_wait) {
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		run->dumpable_until_wait = false;
	}
	return 0;
}

/* Room for exactly one descriptor: CMSG_SPACE would leave room for a second one that we would lose. */
struct one_descriptor {
	_Alignas(struct cmsghdr) char buffer[CMSG_SPACE(sizeof(int))];
};

int step_send_fd(struct run *run, const void *body)
{
	const struct step_send_fd *step = body;
	int socket = slot_fd(run, step->slot), fd = slot_fd(run, step->fd);
	if (socket < 0 || fd < 0)
		return -EBADF;
	struct one_descriptor control = { 0 };
	/* A descriptor travels only with a byte; the text's own NUL serves when there is no other. */
	struct iovec data = { (void *)(uintptr_t)step->data.text, step->data.len ? step->data.len : 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.buffer, .msg_controllen = CMSG_LEN(sizeof fd),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(head), &fd, sizeof fd);
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? channel_error(run) : 0;
}

int step_recv_fd(struct run *run, const void *body)
{
	const struct step_recv_fd *step = body;
	int socket = slot_fd(run, step->slot);
	if (socket < 0)
		return socket;
	struct one_descriptor control = { 0 };
	char ignored[4096];
	struct iovec data = { ignored, sizeof ignored };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.buffer, .msg_controllen = CMSG_LEN(sizeof(int)),
	};
	ssize_t got;
	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got < 0 ? channel_error(run) : peer_is_gone(run);
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS ||
	    head->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EBADMSG;
	int fd;
	memcpy(&fd, CMSG_DATA(head), sizeof fd);
	return slot_put(run, step->out, fd);
}
