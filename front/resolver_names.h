/* Who is in which network by which names: what the resolver is told in a file. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETWORKS_MAX 1024
#define PEERS_MAX 16384

struct network {
	struct sockaddr_storage address; /* that it is asked at, with the port */
	bool closed; /* nothing is asked outside for it */
};

struct peer {
	uint32_t container;
	uint32_t network;
	struct in_addr ipv4;
	struct in6_addr ipv6; /* both zero where it has none */
	const char *names; /* separated by blanks, to the end of the line */
};

struct names {
	struct network networks[NETWORKS_MAX];
	struct peer peers[PEERS_MAX];
	size_t network_count, peer_count;
};

/*
 * Lines of the file: `network ADDRESS PORT open|closed`, counted from 0; `peer CONTAINER NETWORK IPV4|- IPV6|- NAME...`.
 * Keeps pointers into the text, whose lines it ends. Anything else is left out.
 */
void names_read(struct names *names, char *text);

/* Whether somebody in the network has this address. */
bool names_know(const struct names *names, size_t network, const struct sockaddr *asker);

/* Calls `found` for each peer with the name that the one who asks shares a network with; whether there was any. */
bool names_find(const struct names *names, size_t network, const struct sockaddr *asker, const char *name,
		void (*found)(void *context, const struct peer *peer), void *context);

/* The first name of whom the reverse name (RFC 1035, 3.5; RFC 3596, 2.5) is about, as above; NULL for none. */
const char *names_of_address(const struct names *names, size_t network, const struct sockaddr *asker, const char *reverse);
