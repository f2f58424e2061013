/* Requests to rtnetlink, built and answered in memory of their own. */
#ifndef SAMPAN_NETLINK_H
#define SAMPAN_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

struct request {
	_Alignas(struct nlmsghdr) uint8_t bytes[512];
};

/* A socket of the network namespace that this process is in. */
int netlink_open(void);

/*
 * A socket of the network namespace of `target` (a namespace or a pidfd), which this process enters for no longer than
 * that; `here` is a socket of its own.
 */
int netlink_open_in(int target, int here);

/* The namespace that a socket belongs to, as a descriptor. */
int netlink_namespace(int socket);

/* Starts a request with its fixed part. */
void request_start(struct request *request, uint16_t type, uint16_t flags, const void *head, size_t length);

/* Adds an attribute; -EMSGSIZE when there is no room. */
int request_add(struct request *request, uint16_t type, const void *data, size_t length);

/* Sends it and waits for the acknowledgement: 0 or the kernel's negative errno. */
int request_send(int socket, struct request *request);

/* Sends a whole message and waits for its acknowledgement. */
int message_send(int socket, struct nlmsghdr *message);

/* Asks for a whole table and calls `each` for every message of it; stops at the first error. */
int netlink_dump(int socket, struct request *request, int (*each)(void *context, const struct nlmsghdr *message),
		 void *context);

#endif
