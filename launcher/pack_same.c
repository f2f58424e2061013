/* What the `pack` role compares. Nothing here follows a link or opens anything but regular files and directories. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pack.h"

enum { PART = 64 * 1024 };

int object_open(int directory, const char *name, bool marks, struct object *out)
{
	out->fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (out->fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(out->fd, &out->status) < 0)
		return -errno;
	if (!marks && S_ISCHR(out->status.st_mode) && out->status.st_rdev == 0) {
		close(out->fd);
		out->fd = -1;
	}
	return 0;
}

int object_read(const struct object *object)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", object->fd);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Fills the part as far as the file goes. */
static ssize_t read_part(int fd, uint8_t *part)
{
	ssize_t count = 1;
	size_t at = 0;

	while (at < PART && (count = read(fd, part + at, PART - at)) > 0)
		at += (size_t)count;
	return count < 0 ? -errno : (ssize_t)at;
}

static int same_data(const struct object objects[2])
{
	static uint8_t parts[2][PART];
	int fds[2] = { object_read(&objects[0]), object_read(&objects[1]) };
	int same = fds[0] < 0 ? fds[0] : fds[1] < 0 ? fds[1] : 1;
	ssize_t counts[2] = { 1, 1 };

	while (same > 0 && counts[0] > 0) {
		for (int i = 0; i < 2; i++)
			counts[i] = read_part(fds[i], parts[i]);
		if (counts[0] < 0 || counts[1] < 0)
			same = (int)(counts[0] < 0 ? counts[0] : counts[1]);
		else
			same = counts[0] == counts[1] && memcmp(parts[0], parts[1], (size_t)counts[0]) == 0;
	}
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return same;
}

static int same_link(const struct object objects[2])
{
	char to[2][PATH_MAX];
	ssize_t lengths[2];

	for (int i = 0; i < 2; i++) {
		lengths[i] = readlinkat(objects[i].fd, "", to[i], sizeof(to[i]));
		if (lengths[i] < 0)
			return -errno;
	}
	return lengths[0] == lengths[1] && memcmp(to[0], to[1], (size_t)lengths[0]) == 0;
}

static int same_xattrs(const int directories[2], const char *name, struct xattrs *upper)
{
	static uint8_t data[XATTRS_MAX];
	struct xattrs lower = { data, 0, sizeof(data), false };
	int error = fchdir(directories[1]) < 0 ? -errno : xattrs_read(&lower, name, true);

	if (error == 0)
		error = fchdir(directories[0]) < 0 ? -errno : xattrs_read(upper, name, true);
	return error < 0 ? error : upper->size == lower.size && memcmp(upper->data, lower.data, lower.size) == 0;
}

static bool same_status(const struct stat *a, const struct stat *b, bool timed)
{
	bool sized = S_ISREG(a->st_mode), device = S_ISCHR(a->st_mode) || S_ISBLK(a->st_mode);

	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       (!sized || a->st_size == b->st_size) && (!device || a->st_rdev == b->st_rdev) &&
	       (!timed || (a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec));
}

int object_same(const int directories[2], const char *name, const struct object objects[2], bool timed,
		struct xattrs *xattrs)
{
	int same;

	if (objects[1].fd < 0 || !same_status(&objects[0].status, &objects[1].status, timed))
		return 0;
	same = same_xattrs(directories, name, xattrs);
	if (same > 0 && S_ISLNK(objects[0].status.st_mode))
		same = same_link(objects);
	if (same > 0 && S_ISREG(objects[0].status.st_mode))
		same = same_data(objects);
	return same;
}
