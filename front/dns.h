/* Messages of the domain name system (RFC 1035), as much as a resolver of container names needs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_MESSAGE_MAX 65535
#define DNS_NAME_MAX 256

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28 };
enum dns_code { DNS_FINE = 0, DNS_BAD_FORMAT = 1, DNS_FAILURE = 2, DNS_NO_NAME = 3, DNS_NOT_IMPLEMENTED = 4, DNS_REFUSED = 5 };

struct dns_query {
	char name[DNS_NAME_MAX]; /* lower case, without the last dot */
	uint16_t type;
	size_t question_end; /* of the message: header and question */
};

/* The one question of a message; false for anything but a plain query with one question of the internet's class. */
bool dns_read_query(const uint8_t *message, size_t size, struct dns_query *query);
/* Whether the answer repeats the question, and the number in its head. */
bool dns_answers(const uint8_t *answer, size_t size, const uint8_t *query, size_t query_end);

/* An answer to `query` in `out`; its size. `out` has room for the question and no more is written without room. */
size_t dns_begin(uint8_t *out, const uint8_t *message, size_t question_end, enum dns_code code);
/* Adds a record about the question's name; the size after it, or `at` where there is no room. */
size_t dns_add(uint8_t *out, size_t at, size_t room, uint16_t type, const uint8_t *data, uint16_t size);
/* A name as it stands in a message; its size, or 0. */
size_t dns_write_name(uint8_t *out, size_t room, const char *name);
