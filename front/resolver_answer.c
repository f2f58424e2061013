#include <string.h>

#include "dns.h"
#include "resolver.h"

struct answer {
	uint8_t *out;
	size_t size, room;
	uint16_t type;
};

static void add(void *context, const struct peer *peer)
{
	struct answer *answer = context;
	if (answer->type == DNS_A && peer->ipv4.s_addr)
		answer->size = dns_add(answer->out, answer->size, answer->room, DNS_A, (const uint8_t *)&peer->ipv4, 4);
	if (answer->type == DNS_AAAA && !IN6_IS_ADDR_UNSPECIFIED(&peer->ipv6))
		answer->size = dns_add(answer->out, answer->size, answer->room, DNS_AAAA, (const uint8_t *)&peer->ipv6, 16);
}

static size_t answer_reverse(struct answer *answer, const char *names)
{
	char name[DNS_NAME_MAX];
	uint8_t data[DNS_NAME_MAX + 1];
	size_t length = strcspn(names, " ");
	if (length >= sizeof name)
		return answer->size;
	memcpy(name, names, length);
	name[length] = 0;
	size_t size = dns_write_name(data, sizeof data, name);
	return size ? dns_add(answer->out, answer->size, answer->room, DNS_PTR, data, (uint16_t)size) : answer->size;
}

size_t answer_ourselves(const struct names *names, size_t network, const struct sockaddr *asker, const uint8_t *message,
			size_t size, uint8_t *out, size_t room)
{
	struct dns_query query;
	if (!dns_read_query(message, size, &query))
		return size < 12 || message[2] & 0x80 ? 0 : dns_begin(out, message, 0, DNS_BAD_FORMAT);
	/* Or one of a network without a way out would have one here, and any neighbour of the host. */
	if (!names_know(names, network, asker))
		return dns_begin(out, message, query.question_end, DNS_REFUSED);
	struct answer answer = { out, dns_begin(out, message, query.question_end, DNS_FINE), room, query.type };
	const char *reversed = query.type == DNS_PTR ? names_of_address(names, network, asker, query.name) : NULL;
	if (reversed)
		return answer_reverse(&answer, reversed);
	/* A name of ours has no other kinds of records, and that is an answer: nobody outside knows better. */
	if (names_find(names, network, asker, query.name, add, &answer))
		return answer.size;
	return names->networks[network].closed ? dns_begin(out, message, query.question_end, DNS_NO_NAME) : 0;
}
