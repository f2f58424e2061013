#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dns.h"
#include "resolver.h"

#define PORT 53
#define CONNECTION_SECONDS 20 /* in all, whatever is asked */

socklen_t address_size(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

void upstreams_read(struct upstreams *upstreams)
{
	char line[512], address[64];
	upstreams->count = 0;
	FILE *file = fopen("/etc/resolv.conf", "re");
	while (file && fgets(line, sizeof line, file) && upstreams->count < 4) {
		struct sockaddr_storage *at = &upstreams->at[upstreams->count];
		struct sockaddr_in *v4 = (struct sockaddr_in *)at;
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)at;
		if (sscanf(line, " nameserver %63s", address) != 1)
			continue;
		memset(at, 0, sizeof *at);
		if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
			v4->sin_family = AF_INET;
			v4->sin_port = htons(PORT);
		} else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
			v6->sin6_family = AF_INET6;
			v6->sin6_port = htons(PORT);
		} else
			continue;
		upstreams->count++;
	}
	if (file)
		fclose(file);
}

static bool read_all(int fd, uint8_t *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = read(fd, bytes + done, size - done);
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size, int flags)
{
	for (size_t done = 0; done < size;) {
		ssize_t put = send(fd, bytes + done, size - done, MSG_NOSIGNAL | flags);
		if (put <= 0)
			return false;
		done += (size_t)put;
	}
	return true;
}

/* A message with its length before it (RFC 1035, 4.2.2); its size, or 0. */
static size_t read_message(int fd, uint8_t *bytes)
{
	uint8_t length[2];
	if (!read_all(fd, length, 2))
		return 0;
	size_t size = (size_t)(length[0] << 8 | length[1]);
	return read_all(fd, bytes, size) ? size : 0;
}

static bool write_message(int fd, const uint8_t *bytes, size_t size)
{
	const uint8_t length[2] = { (uint8_t)(size >> 8), (uint8_t)size };
	return write_all(fd, length, 2, MSG_MORE) && write_all(fd, bytes, size, 0);
}

static size_t ask_outside(const struct upstreams *upstreams, const uint8_t *message, size_t size, uint8_t *answer)
{
	for (size_t i = 0; i < upstreams->count; i++) {
		int fd = socket(upstreams->at[i].ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		size_t got = 0;
		if (fd >= 0 && connect(fd, (const struct sockaddr *)&upstreams->at[i], address_size(&upstreams->at[i])) == 0 &&
		    write_message(fd, message, size))
			got = read_message(fd, answer);
		if (fd >= 0)
			close(fd);
		if (got)
			return got;
	}
	return 0;
}

static void converse(const struct names *names, size_t network, int fd, const struct sockaddr *asker,
		     const struct upstreams *upstreams)
{
	static uint8_t message[DNS_MESSAGE_MAX], answer[DNS_MESSAGE_MAX];
	size_t size;
	while ((size = read_message(fd, message)) >= 12) {
		size_t done = answer_ourselves(names, network, asker, message, size, answer, sizeof answer);
		if (!done && !(message[2] & 0x80))
			done = ask_outside(upstreams, message, size, answer);
		if (!done)
			done = dns_begin(answer, message, 0, DNS_FAILURE);
		if (!write_message(fd, answer, done))
			return;
	}
}

void serve_connection(const struct names *names, size_t network, int listener, const struct upstreams *upstreams)
{
	struct sockaddr_storage asker;
	socklen_t length = sizeof asker;
	int fd = accept4(listener, (struct sockaddr *)&asker, &length, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (fork() == 0) {
		/* What the resolver listens at and locks must be free when it is gone. */
		syscall(SYS_close_range, 3, fd - 1, 0);
		syscall(SYS_close_range, fd + 1, ~0u, 0);
		alarm(CONNECTION_SECONDS);
		converse(names, network, fd, (struct sockaddr *)&asker, upstreams);
		_exit(0);
	}
	close(fd);
}
