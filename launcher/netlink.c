#include "netlink.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "kernel.h"

#define NAMESPACE_OF_SOCKET 0x894c /* SIOCGSKNS */
#define NETWORK_NAMESPACE 0x40000000 /* CLONE_NEWNET */

int netlink_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	return fd < 0 ? -errno : fd;
}

int netlink_namespace(int socket)
{
	int fd = ioctl(socket, NAMESPACE_OF_SOCKET);
	return fd < 0 ? -errno : fd;
}

int netlink_open_in(int target, int here)
{
	int own = netlink_namespace(here);
	if (own < 0)
		return own;
	long result = SYS_RESULT(SYS_setns, target, NETWORK_NAMESPACE);
	int fd = result ? (int)result : netlink_open();
	if (!result)
		result = SYS_RESULT(SYS_setns, own, NETWORK_NAMESPACE);
	close(own);
	if (result && fd >= 0)
		close(fd);
	return result ? (int)result : fd;
}

static struct nlmsghdr *header(struct request *request)
{
	return (struct nlmsghdr *)request->bytes;
}

void request_start(struct request *request, uint16_t type, uint16_t flags, const void *head, size_t length)
{
	memset(request, 0, sizeof *request);
	*header(request) = (struct nlmsghdr){ .nlmsg_len = (uint32_t)NLMSG_LENGTH(length),
					      .nlmsg_type = type,
					      .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
					      .nlmsg_seq = 1 };
	memcpy(NLMSG_DATA(header(request)), head, length);
}

int request_add(struct request *request, uint16_t type, const void *data, size_t length)
{
	size_t at = NLMSG_ALIGN(header(request)->nlmsg_len);
	if (length > sizeof request->bytes || at + RTA_LENGTH(length) > sizeof request->bytes)
		return -EMSGSIZE;
	struct rtattr *attribute = (struct rtattr *)(request->bytes + at);
	*attribute = (struct rtattr){ .rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(length) };
	memcpy(RTA_DATA(attribute), data, length);
	header(request)->nlmsg_len = (uint32_t)(at + RTA_LENGTH(length));
	return 0;
}

static int put(int socket, const struct nlmsghdr *message)
{
	return send(socket, message, message->nlmsg_len, 0) < 0 ? -errno : 0;
}

static ssize_t get(int socket, void *block, size_t size)
{
	ssize_t got;
	do
		got = recv(socket, block, size, 0);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

static int error_of(const struct nlmsghdr *message)
{
	return ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
}

int message_send(int socket, struct nlmsghdr *sent)
{
	_Alignas(struct nlmsghdr) uint8_t block[1024];
	sent->nlmsg_flags |= NLM_F_ACK;
	int result = put(socket, sent);
	if (result)
		return result;
	for (;;) {
		ssize_t got = get(socket, block, sizeof block);
		const struct nlmsghdr *message = (const void *)block;
		if (got < 0)
			return (int)got;
		/* An answer that did not fit is cut; its head is what counts. */
		if ((size_t)got >= NLMSG_LENGTH(sizeof(int)) && message->nlmsg_type == NLMSG_ERROR)
			return error_of(message);
	}
}

int request_send(int socket, struct request *request)
{
	return message_send(socket, header(request));
}

int netlink_dump(int socket, struct request *request, int (*each)(void *context, const struct nlmsghdr *message),
		 void *context)
{
	static _Alignas(struct nlmsghdr) uint8_t block[32768];
	header(request)->nlmsg_flags |= NLM_F_DUMP;
	int result = put(socket, header(request));
	while (!result) {
		ssize_t got = get(socket, block, sizeof block);
		if (got < 0)
			return (int)got;
		unsigned left = (unsigned)got;
		const struct nlmsghdr *message = (const void *)block;
		for (; !result && NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_type == NLMSG_DONE)
				return 0;
			result = message->nlmsg_type == NLMSG_ERROR ? error_of(message) : each(context, message);
		}
	}
	return result;
}
