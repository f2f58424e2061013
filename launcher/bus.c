#include "bus.h"

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel.h"

#define HEAD 16
#define ROOM (64 * 1024)
#define LONGEST (128u * 1024 * 1024) /* the protocol's own limit */

enum header_field { FIELD_MEMBER = 3, FIELD_ERROR = 4, FIELD_REPLY_TO = 5 };

static uint8_t buffer[ROOM];

static uint32_t aligned(uint32_t at, uint32_t to)
{
	return (at + to - 1) & ~(to - 1);
}

static uint32_t number(const uint8_t *from)
{
	uint32_t value;
	memcpy(&value, from, sizeof value);
	return value;
}

static int read_all(int fd, uint8_t *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = recv(fd, to + done, size - done, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 ? -ECONNRESET : errno == EAGAIN ? -ETIMEDOUT : -errno;
		done += (size_t)got;
	}
	return 0;
}

/* A string at offset `at` of data; NULL unless all of it is there. */
static const char *string_at(const uint8_t *data, uint32_t size, uint32_t at, uint32_t *end)
{
	if (at > size || size - at < 5)
		return NULL;
	uint32_t length = number(data + at);
	if (length > size - at - 5 || data[at + 4 + length] != 0)
		return NULL;
	*end = at + 4 + length + 1;
	return (const char *)data + at + 4;
}

/* One header field: its code, a signature of one type, its value. Returns where the next may begin, 0 when it is malformed. */
static uint32_t read_field(uint32_t at, uint32_t size, struct bus_message *message)
{
	if (size - at < 4 || buffer[at + 1] != 1 || buffer[at + 3] != 0)
		return 0;
	uint8_t code = buffer[at], type = buffer[at + 2];
	uint32_t end = at + 4;
	if (type == 'g')
		return end < size && size - end > buffer[end] + 1u ? end + buffer[end] + 2u : 0;
	end = aligned(end, 4);
	if (type == 'u') {
		if (size < end + 4)
			return 0;
		if (code == FIELD_REPLY_TO)
			message->reply_to = number(buffer + end);
		return end + 4;
	}
	const char *text = type == 's' || type == 'o' ? string_at(buffer, size, end, &end) : NULL;
	if (!text)
		return 0;
	if (code == FIELD_MEMBER)
		message->member = text;
	if (code == FIELD_ERROR)
		message->error = text;
	return end;
}

static int read_fields(uint32_t size, struct bus_message *message)
{
	for (uint32_t at = HEAD; at < size; at = aligned(at, 8)) {
		at = read_field(at, size, message);
		if (at == 0)
			return -EPROTO;
	}
	return 0;
}

static int leave_out(int fd, uint64_t size)
{
	while (size) {
		size_t part = size < ROOM ? (size_t)size : ROOM;
		int result = read_all(fd, buffer, part);
		if (result)
			return result;
		size -= part;
	}
	return 0;
}

int bus_read(int fd, struct bus_message *message)
{
	for (;;) {
		int result = read_all(fd, buffer, HEAD);
		if (result)
			return result;
		const uint16_t one = 1;
		if (buffer[0] != (*(const uint8_t *)&one ? 'l' : 'B'))
			return -EPROTO;
		uint32_t body = number(buffer + 4), fields = number(buffer + 12);
		if (body > LONGEST || fields > LONGEST)
			return -EPROTO;
		uint32_t start = aligned(HEAD + fields, 8);
		*message = (struct bus_message){ .type = buffer[1], .serial = number(buffer + 8) };
		if ((uint64_t)start + body > ROOM) {
			result = leave_out(fd, (uint64_t)start + body - HEAD);
			if (result)
				return result;
			continue;
		}
		result = read_all(fd, buffer + HEAD, start + body - HEAD);
		message->body = buffer + start;
		message->body_length = body;
		return result ? result : read_fields(HEAD + fields, message);
	}
}

const char *bus_string(const struct bus_message *message, uint32_t *at)
{
	return string_at(message->body, message->body_length, aligned(*at, 4), at);
}
