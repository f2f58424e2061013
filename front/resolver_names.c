#include "resolver_names.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char *word(char **rest)
{
	char *found = *rest + strspn(*rest, " ");
	size_t length = strcspn(found, " ");
	*rest = found + length + (found[length] != 0);
	found[length] = 0;
	return found;
}

static bool read_network(struct names *names, char *rest)
{
	struct network network = { 0 };
	const char *address = word(&rest);
	uint16_t port = htons((uint16_t)atoi(word(&rest)));
	network.closed = strcmp(word(&rest), "closed") == 0;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&network.address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&network.address;
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1)
		*v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port, .sin_addr = v4->sin_addr };
	else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1)
		*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = v6->sin6_addr };
	else
		return false;
	names->networks[names->network_count++] = network;
	return true;
}

static void read_peer(struct names *names, char *rest)
{
	struct peer *peer = &names->peers[names->peer_count];
	*peer = (struct peer){ .container = (uint32_t)strtoul(word(&rest), NULL, 10) };
	peer->network = (uint32_t)strtoul(word(&rest), NULL, 10);
	inet_pton(AF_INET, word(&rest), &peer->ipv4);
	inet_pton(AF_INET6, word(&rest), &peer->ipv6);
	peer->names = rest;
	names->peer_count++;
}

void names_read(struct names *names, char *text)
{
	names->network_count = names->peer_count = 0;
	for (char *line = text, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		char *rest = line;
		const char *kind = word(&rest);
		if (!strcmp(kind, "network") && names->network_count < NETWORKS_MAX)
			read_network(names, rest);
		else if (!strcmp(kind, "peer") && names->peer_count < PEERS_MAX)
			read_peer(names, rest);
	}
}

static bool has_name(const struct peer *peer, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = peer->names; *at; at += strcspn(at, " "), at += strspn(at, " "))
		if (strcspn(at, " ") == length && !strncasecmp(at, name, length))
			return true;
	return false;
}

static bool is_at(const struct peer *peer, const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return peer->ipv4.s_addr && peer->ipv4.s_addr == ((const struct sockaddr_in *)address)->sin_addr.s_addr;
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
	return !IN6_IS_ADDR_UNSPECIFIED(v6) && !memcmp(&peer->ipv6, v6, sizeof *v6);
}

static const struct peer *asker_of(const struct names *names, size_t network, const struct sockaddr *address)
{
	for (size_t i = 0; i < names->peer_count; i++)
		if (names->peers[i].network == network && is_at(&names->peers[i], address))
			return &names->peers[i];
	return NULL;
}

bool names_know(const struct names *names, size_t network, const struct sockaddr *asker)
{
	return asker_of(names, network, asker);
}

/* Whether the container that asks is in the network, too. Who is in none hears of nobody. */
static bool shares(const struct names *names, const struct peer *asker, uint32_t network)
{
	if (!asker)
		return false;
	if (asker->network == network)
		return true;
	for (size_t i = 0; i < names->peer_count; i++)
		if (names->peers[i].container == asker->container && names->peers[i].network == network)
			return true;
	return false;
}

bool names_find(const struct names *names, size_t network, const struct sockaddr *address, const char *name,
		void (*found)(void *context, const struct peer *peer), void *context)
{
	const struct peer *asker = asker_of(names, network, address);
	bool any = false;
	for (size_t i = 0; i < names->peer_count; i++) {
		const struct peer *peer = &names->peers[i];
		if (!has_name(peer, name) || !shares(names, asker, peer->network))
			continue;
		found(context, peer);
		any = true;
	}
	return any;
}

/* "2.0.88.10.in-addr.arpa", or 32 digits before "ip6.arpa", the lowest first. */
static bool read_reverse(const char *name, struct sockaddr_storage *address)
{
	static const char tail4[] = ".in-addr.arpa", tail6[] = ".ip6.arpa";
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	size_t length = strlen(name);
	unsigned part[4];
	char end;
	if (sscanf(name, "%3u.%3u.%3u.%3u.in-addr.arp%c", &part[0], &part[1], &part[2], &part[3], &end) == 5 && end == 'a' &&
	    length > sizeof tail4 && part[0] < 256 && part[1] < 256 && part[2] < 256 && part[3] < 256) {
		uint32_t value = part[3] << 24 | part[2] << 16 | part[1] << 8 | part[0];
		*v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(value) } };
		return true;
	}
	if (length != 63 + sizeof tail6 - 1 || strcmp(name + 63, tail6))
		return false;
	*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	for (int i = 0; i < 32; i++) {
		const char *digits = "0123456789abcdef", *digit = strchr(digits, name[2 * i]);
		if (!digit || (i < 31 && name[2 * i + 1] != '.'))
			return false;
		v6->sin6_addr.s6_addr[15 - i / 2] |= (uint8_t)((digit - digits) << (i % 2 * 4));
	}
	return true;
}

const char *names_of_address(const struct names *names, size_t network, const struct sockaddr *asker, const char *reverse)
{
	struct sockaddr_storage address = { 0 };
	const struct peer *who = asker_of(names, network, asker);
	if (!read_reverse(reverse, &address))
		return NULL;
	for (size_t i = 0; i < names->peer_count; i++)
		if (is_at(&names->peers[i], (struct sockaddr *)&address) && shares(names, who, names->peers[i].network))
			return names->peers[i].names;
	return NULL;
}
