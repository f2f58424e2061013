/* As much of D-Bus as a call and its answer take: messages of this machine's byte order, read one at a time. */
#ifndef SAMPAN_BUS_H
#define SAMPAN_BUS_H

#include <stddef.h>
#include <stdint.h>

enum bus_type { BUS_CALL = 1, BUS_REPLY, BUS_ERROR, BUS_SIGNAL };

/* One message; strings point into the reader's buffer, until the next is read. */
struct bus_message {
	uint8_t type;
	uint32_t serial;
	uint32_t reply_to;
	const char *member;
	const char *error;
	const uint8_t *body;
	uint32_t body_length;
};

/* Returns 0 or a negative errno: -EPROTO for what is no message, -ETIMEDOUT for silence. Longer ones than fit are left out. */
int bus_read(int fd, struct bus_message *message);

/* The string at *at of the body, which is moved behind it; NULL when there is none. */
const char *bus_string(const struct bus_message *message, uint32_t *at);

#endif
