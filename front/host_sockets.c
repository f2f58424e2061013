/* Unix sockets, and what a standard stream is. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host.h"

/* connect(path): a stream that neither waits to read nor to write. */
HOST_FUNCTION(connect_to)
{
	(void)self, (void)argc;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length;
	const char *path = JS_ToCStringLen(context, &length, argv[0]);
	if (!path)
		return JS_EXCEPTION;
	int fd = -1, error = length < sizeof address.sun_path ? 0 : ENAMETOOLONG;
	if (!error) {
		memcpy(address.sun_path, path, length);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
			error = errno;
	}
	JSValue result = error ? host_fail(context, error, "connect", path) : JS_NewInt32(context, fd);
	if (error && fd >= 0)
		close(fd);
	JS_FreeCString(context, path);
	return result;
}

/* send(fd, buffer, offset, size): bytes taken, 0 when it would have to wait. */
HOST_FUNCTION(send_bytes)
{
	(void)self;
	int64_t size = host_number(context, argc, argv, 3, 0);
	uint8_t *from = host_room(context, argv[1], host_number(context, argc, argv, 2, 0), size);
	if (!from)
		return JS_EXCEPTION;
	int fd = (int)host_number(context, argc, argv, 0, -1);
	ssize_t sent = send(fd, from, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		sent = 0;
	return sent < 0 ? host_fail(context, errno, "send", NULL) : JS_NewInt64(context, sent);
}

const JSCFunctionListEntry host_sockets[] = {
	JS_CFUNC_DEF("connect", 1, connect_to),
	JS_CFUNC_DEF("send", 4, send_bytes),
};
const int host_sockets_count = COUNT(host_sockets);
