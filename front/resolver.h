/*
 * The resolver of container names: `sampan network-resolver DIRECTORY`, one process per root. It answers what it finds in
 * the file `names` of the directory (resolver_names.h) and asks the host's resolvers for the rest.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "resolver_names.h"

int resolver(int argc, char **argv);

struct upstreams {
	struct sockaddr_storage at[4];
	size_t count;
};
/* The resolvers of the host's /etc/resolv.conf. */
void upstreams_read(struct upstreams *upstreams);
socklen_t address_size(const struct sockaddr_storage *address);

/* The answer to a message, as far as it needs nobody else: its size, 0 when it must be asked outside. */
size_t answer_ourselves(const struct names *names, size_t network, const struct sockaddr *asker, const uint8_t *message,
			size_t size, uint8_t *answer, size_t room);

/* Questions over a connection: a child process serves each. */
void serve_connection(const struct names *names, size_t network, int listener, const struct upstreams *upstreams);

/* Gives up all rights but those that answering needs: another user, no new privileges, few system calls. */
bool confine(void);
