#include "dns.h"

#include <string.h>

#define HEADER 12
#define LABEL_MAX 63
#define CLASS_INTERNET 1
#define IS_ANSWER 0x80
#define OPERATION 0x78
#define WANTS_RECURSION 0x01
#define OFFERS_RECURSION 0x80
#define SECONDS_TO_KEEP 5 /* addresses move when containers do */

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* A question's name is never compressed. Where it ends, or 0. */
static size_t read_name(const uint8_t *message, size_t size, size_t at, char *name)
{
	size_t length = 0;
	while (at < size && message[at]) {
		size_t label = message[at++];
		if (label > LABEL_MAX || label > size - at || length + label + 1 >= DNS_NAME_MAX)
			return 0;
		if (length)
			name[length++] = '.';
		for (size_t i = 0; i < label; i++, at++) {
			uint8_t letter = message[at];
			/* A dot within a label, or a NUL, would be read as something else. */
			if (letter == '.' || !letter)
				return 0;
			name[length++] = (char)(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
		}
	}
	name[length] = 0;
	return at < size ? at + 1 : 0;
}

bool dns_read_query(const uint8_t *message, size_t size, struct dns_query *query)
{
	if (size < HEADER || message[2] & (IS_ANSWER | OPERATION) || get16(message + 4) != 1)
		return false;
	size_t end = read_name(message, size, HEADER, query->name);
	if (!end || size - end < 4 || get16(message + end + 2) != CLASS_INTERNET)
		return false;
	query->type = get16(message + end);
	query->question_end = end + 4;
	return true;
}

bool dns_answers(const uint8_t *answer, size_t size, const uint8_t *query, size_t query_end)
{
	return size >= query_end && answer[2] & IS_ANSWER && !memcmp(answer, query, 2) &&
	       get16(answer + 4) == 1 && !memcmp(answer + HEADER, query + HEADER, query_end - HEADER);
}

size_t dns_begin(uint8_t *out, const uint8_t *message, size_t question_end, enum dns_code code)
{
	size_t size = question_end < HEADER ? HEADER : question_end;
	memmove(out, message, size);
	out[2] = (uint8_t)(IS_ANSWER | (message[2] & (OPERATION | WANTS_RECURSION)));
	out[3] = (uint8_t)(OFFERS_RECURSION | code);
	put16(out + 4, question_end > HEADER);
	memset(out + 6, 0, 6);
	return size;
}

size_t dns_add(uint8_t *out, size_t at, size_t room, uint16_t type, const uint8_t *data, uint16_t size)
{
	const uint8_t head[] = { 0xc0, HEADER, (uint8_t)(type >> 8), (uint8_t)type, 0, CLASS_INTERNET,
				 0, 0, 0, SECONDS_TO_KEEP, (uint8_t)(size >> 8), (uint8_t)size };
	if (room < at || room - at < sizeof head + size)
		return at;
	memcpy(out + at, head, sizeof head);
	memcpy(out + at + sizeof head, data, size);
	put16(out + 6, get16(out + 6) + 1u);
	return at + sizeof head + size;
}

size_t dns_write_name(uint8_t *out, size_t room, const char *name)
{
	size_t at = 0;
	while (*name) {
		size_t label = strcspn(name, ".");
		if (!label || label > LABEL_MAX || room < at + label + 2)
			return 0;
		out[at++] = (uint8_t)label;
		memcpy(out + at, name, label);
		at += label;
		name += label + (name[label] == '.');
	}
	if (room < at + 1)
		return 0;
	out[at++] = 0;
	return at;
}
