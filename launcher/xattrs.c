/* Extended attributes, carried from one place to another as one block. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "tree.h"

enum { NAMES_MAX = 65536, VALUE_MAX = 65536 };

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Writes the head of an attribute; returns where its value goes, or NULL when it does not fit. */
static uint8_t *add(struct xattrs *out, const char *name, size_t length)
{
	size_t head = strlen(name) + 1;
	uint32_t stored = (uint32_t)length;
	uint8_t *at = out->data + out->size;

	if (length > VALUE_MAX || head + sizeof(stored) + length > out->capacity - out->size)
		return NULL;
	memcpy(at, name, head);
	memcpy(at + head, &stored, sizeof(stored));
	out->size += head + sizeof(stored) + length;
	return at + head + sizeof(stored);
}

int xattrs_parse(struct xattrs *out, const struct texts *list)
{
	out->size = 0;
	if (list->count % 2 != 0)
		return -EINVAL;
	for (uint32_t item = 0; item < list->count; item += 2) {
		const char *hex = list->items[item + 1];
		size_t digits = strlen(hex);
		uint8_t *value = add(out, list->items[item], digits / 2);

		if (value == NULL)
			return -E2BIG;
		if (digits % 2 != 0)
			return -EINVAL;
		for (size_t i = 0; i < digits; i += 2) {
			int high = digit(hex[i]), low = digit(hex[i + 1]);

			if (high < 0 || low < 0)
				return -EINVAL;
			value[i / 2] = (uint8_t)(high << 4 | low);
		}
	}
	return 0;
}

/* The number of the machine's own user namespace (PROC_USER_INIT_INO). */
#define FIRST_USER_NAMESPACE 0xEFFFFFFDu

/* Nobody in a user namespace may use trusted ones; there overlays are mounted with `userxattr`. */
static const char *in_place(const char *user, const char *trusted)
{
	struct stat here;

	return stat("/proc/self/ns/user", &here) == 0 && here.st_ino != FIRST_USER_NAMESPACE ? user : trusted;
}

const char *overlay_opaque(void)
{
	static const char *name;

	return name != NULL ? name : (name = in_place("user.overlay.opaque", "trusted.overlay.opaque"));
}

static bool is_mark(const char *name)
{
	const char *opaque = overlay_opaque();

	return strncmp(name, opaque, strlen(opaque) - strlen("opaque")) == 0;
}

bool is_opaque(int directory)
{
	char value[2];

	return fgetxattr(directory, overlay_opaque(), value, sizeof(value)) == 1 && value[0] == 'y';
}

/* What the overlay file system and a security module of the host have marked is no part of a layer. */
static bool is_own(const char *name, bool layer)
{
	return !is_mark(name) &&
	       (!layer || (strncmp(name, "user.overlay.", 13) != 0 && strcmp(name, "security.selinux") != 0));
}

/* The first name after `last` in the order of their bytes, or NULL. */
static const char *next_name(const char *names, ssize_t length, const char *last)
{
	const char *next = NULL;

	for (const char *at = names; at < names + length; at += strlen(at) + 1)
		if ((last == NULL || strcmp(at, last) > 0) && (next == NULL || strcmp(at, next) < 0))
			next = at;
	return next;
}

int xattrs_read(struct xattrs *out, const char *name, bool layer)
{
	static char names[NAMES_MAX];
	static uint8_t value[VALUE_MAX];
	ssize_t length = llistxattr(name, names, sizeof(names));

	out->size = 0;
	if (length < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (const char *at = NULL; (at = next_name(names, length, at)) != NULL;) {
		ssize_t size;
		uint8_t *room;

		if (!out->marks && !is_own(at, layer))
			continue;
		size = lgetxattr(name, at, value, sizeof(value));
		if (size < 0)
			return -errno;
		room = add(out, at, (size_t)size);
		if (room == NULL)
			return -E2BIG;
		memcpy(room, value, (size_t)size);
	}
	return 0;
}

int xattrs_clear(const char *name)
{
	static char names[NAMES_MAX];
	ssize_t length = llistxattr(name, names, sizeof(names));

	if (length < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
		/* A security module's own label cannot be removed. */
		if (!is_mark(names + at) && lremovexattr(name, names + at) < 0 && errno != EACCES && errno != EPERM && errno != EOPNOTSUPP)
			return -errno;
	}
	return 0;
}

int xattrs_write(const struct xattrs *from, int fd, const char *name)
{
	for (size_t at = 0; at < from->size;) {
		const char *key = (const char *)from->data + at;
		const uint8_t *value = from->data + at + strlen(key) + 1 + sizeof(uint32_t);
		uint32_t length;

		memcpy(&length, value - sizeof(length), sizeof(length));
		if ((name == NULL ? fsetxattr(fd, key, value, length, 0) : lsetxattr(name, key, value, length, 0)) < 0)
			return -errno;
		at = (size_t)(value - from->data) + length;
	}
	return 0;
}
