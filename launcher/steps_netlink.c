/* The step that sends messages which TypeScript has put together. */
#include <string.h>
#include <sys/socket.h>

#include "kernel.h"
#include "netlink.h"
#include "steps.h"

#define SIDES 3
#define MESSAGE_MAX 4096

/* What the messages are sent through, each opened when the first one asks for it. */
struct ends {
	int target;
	int sockets[SIDES]; /* rtnetlink here, rtnetlink in the target, netfilter here */
	int namespace;
};

static int end_for(struct ends *ends, uint32_t side)
{
	if (side >= SIDES)
		return -EINVAL;
	if (ends->sockets[0] < 0)
		ends->sockets[0] = netlink_open();
	if (ends->sockets[side] >= 0 || ends->sockets[0] < 0)
		return ends->sockets[side];
	if (side == 1)
		return ends->sockets[1] = netlink_open_in(ends->target, ends->sockets[0]);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	return ends->sockets[2] = fd < 0 ? -errno : fd;
}

/* The descriptor of the target's namespace, where the message from `start` on has a place for it. */
static int fill_in(struct ends *ends, const struct step_netlink *step, uint8_t *message, uint32_t start, uint32_t size)
{
	for (uint32_t i = 0; i < step->namespace_at.count; i++) {
		uint32_t at = step->namespace_at.items[i];
		if (at < start || at >= start + size)
			continue;
		if (at - start + sizeof(int) > size)
			return -EINVAL;
		int there = end_for(ends, 1);
		if (there >= 0 && ends->namespace < 0)
			ends->namespace = netlink_namespace(there);
		if (there < 0 || ends->namespace < 0)
			return there < 0 ? there : ends->namespace;
		memcpy(message + at - start, &ends->namespace, sizeof(int));
	}
	return 0;
}

static int send_one(struct ends *ends, const struct step_netlink *step, uint32_t start, uint32_t size)
{
	_Alignas(struct nlmsghdr) uint8_t block[MESSAGE_MAX];
	struct nlmsghdr *message = (struct nlmsghdr *)block;
	memcpy(block, step->requests.data + start, size);
	int end = end_for(ends, message->nlmsg_seq), fine = (int)message->nlmsg_pid;
	int result = end < 0 ? end : fill_in(ends, step, block, start, size);
	message->nlmsg_seq = 1;
	message->nlmsg_pid = 0;
	if (!result)
		result = message_send(end, message);
	return fine && result == -fine ? 0 : result;
}

static int send_all(struct run *run, struct ends *ends, const struct step_netlink *step)
{
	uint32_t at_byte = 0;
	for (uint32_t i = 0; at_byte < step->requests.len; i++) {
		struct nlmsghdr head;
		uint32_t left = step->requests.len - at_byte;
		if (left < sizeof head || i >= step->names.count)
			return -EINVAL;
		memcpy(&head, step->requests.data + at_byte, sizeof head);
		if (head.nlmsg_len < sizeof head || head.nlmsg_len > left || head.nlmsg_len > MESSAGE_MAX)
			return -EINVAL;
		at(run, step->names.items[i]);
		int result = send_one(ends, step, at_byte, head.nlmsg_len);
		if (result)
			return result;
		at_byte += NLMSG_ALIGN(head.nlmsg_len);
	}
	return 0;
}

int step_netlink(struct run *run, const void *body)
{
	const struct step_netlink *step = body;
	struct ends ends = { .target = -EBADF, .sockets = { -1, -1, -1 }, .namespace = -1 };
	if (step->target != NO_SLOT)
		ends.target = slot_fd(run, step->target);
	int result = step->target != NO_SLOT && ends.target < 0 ? ends.target : send_all(run, &ends, step);
	for (unsigned i = 0; i < SIDES; i++)
		if (ends.sockets[i] >= 0)
			close(ends.sockets[i]);
	if (ends.namespace >= 0)
		close(ends.namespace);
	return result;
}
