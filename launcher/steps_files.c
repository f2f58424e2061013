/* Steps on descriptors and files of the host. */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "kernel.h"
#include "steps.h"

static int write_once(int fd, const char *data, size_t length)
{
	ssize_t written = write(fd, data, length);
	if (written < 0)
		return -errno;
	return (size_t)written == length ? 0 : -EIO;
}

int step_open(struct run *run, const void *body)
{
	const struct step_open *step = body;
	at(run, step->path.text);
	int dir = slot_dir(run, step->dir);
	if (dir == -EBADF)
		return dir;
	return slot_put(run, step->out, sys_openat2(dir, step->path.text, step->flags, step->mode, step->resolve));
}

int step_close(struct run *run, const void *body)
{
	const struct step_close *step = body;
	int fd = slot_fd(run, step->slot);
	if (fd < 0)
		return fd;
	close(fd);
	run->slots[step->slot] = (struct slot){ .fd = -1 };
	return 0;
}

/* Makes the parents of path; an existing one is fine, what it is shows when the next is made below it. */
static int make_parents(int dir, const char *path, mode_t mode)
{
	char prefix[PATH_MAX];
	size_t length = strlen(path);
	if (length >= sizeof prefix)
		return -ENAMETOOLONG;
	memcpy(prefix, path, length + 1);
	for (char *slash = strchr(prefix + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdirat(dir, prefix, mode) < 0 && errno != EEXIST && errno != EROFS)
			return -errno;
		*slash = '/';
	}
	return 0;
}

int step_mkdir(struct run *run, const void *body)
{
	const struct step_mkdir *step = body;
	const char *path = step->path.text;
	struct stat stat;
	at(run, path);
	int dir = slot_dir(run, step->dir);
	if (dir == -EBADF)
		return dir;
	if (mkdirat(dir, path, step->mode) == 0)
		return 0;
	int error = errno;
	if (error == ENOENT && step->parents) {
		int result = make_parents(dir, path, step->mode);
		if (result)
			return result;
		if (mkdirat(dir, path, step->mode) == 0)
			return 0;
		error = errno;
	}
	if (step->fresh || fstatat(dir, path, &stat, 0) < 0)
		return -error;
	return S_ISDIR(stat.st_mode) ? 0 : -ENOTDIR;
}

int step_write(struct run *run, const void *body)
{
	const struct step_write *step = body;
	at(run, step->path.text);
	int dir = slot_dir(run, step->dir);
	if (dir == -EBADF)
		return dir;
	uint64_t mode = step->flags & O_CREAT ? step->mode : 0;
	int fd = sys_openat2(dir, step->path.text, step->flags | O_WRONLY | O_NOFOLLOW, mode, step->resolve);
	if (fd < 0)
		return fd;
	int result = write_once(fd, step->data.text, step->data.len);
	int closed = close(fd) < 0 ? -errno : 0;
	return result ? result : closed;
}

int step_write_first(struct run *run, const void *body)
{
	const struct step_write_first *step = body;
	int fd = -ENOENT;
	uint32_t i = 0;
	if (step->paths.count == 0 || step->paths.count != step->data.count)
		return -EINVAL;
	for (; fd == -ENOENT && i < step->paths.count; i++) {
		at(run, step->paths.items[i]);
		fd = sys_openat2(AT_FDCWD, step->paths.items[i], O_WRONLY | O_NOFOLLOW, 0, 0);
	}
	if (fd < 0)
		return fd;
	const char *data = step->data.items[i - 1];
	int result = write_once(fd, data, strlen(data));
	int closed = close(fd) < 0 ? -errno : 0;
	return result ? result : closed;
}

int step_write_slot(struct run *run, const void *body)
{
	const struct step_write_slot *step = body;
	int fd = slot_fd(run, step->slot);
	return fd < 0 ? fd : write_once(fd, step->data.text, step->data.len);
}

int step_mkfifo(struct run *run, const void *body)
{
	const struct step_mkfifo *step = body;
	at(run, step->path.text);
	if (mkfifo(step->path.text, step->mode) < 0)
		return -errno;
	return lchown(step->path.text, step->uid, step->gid) < 0 ? -errno : 0;
}

int step_unlink(struct run *run, const void *body)
{
	const struct step_unlink *step = body;
	at(run, step->path.text);
	int dir = slot_dir(run, step->dir);
	if (dir == -EBADF)
		return dir;
	return unlinkat(dir, step->path.text, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int step_rmdir(struct run *run, const void *body)
{
	const struct step_rmdir *step = body;
	uint64_t until = now_ms() + step->retry_ms;
	struct timespec pause = { .tv_nsec = 500000 };
	at(run, step->path.text);
	for (;;) {
		if (rmdir(step->path.text) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY || now_ms() >= until)
			return -errno;
		nanosleep(&pause, NULL);
		pause.tv_nsec = pause.tv_nsec < 20000000 ? pause.tv_nsec * 2 : pause.tv_nsec;
	}
}

int step_own(struct run *run, const void *body)
{
	const struct step_own *step = body;
	for (uint32_t i = 0; i < step->paths.count; i++) {
		at(run, step->paths.items[i]);
		if (lchown(step->paths.items[i], step->uid, (gid_t)-1) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* Reads a small file; returns its length without white space at the end, or a negative errno. */
static int read_trimmed(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t got = read(fd, text, size);
	int error = errno;
	close(fd);
	if (got < 0)
		return -error;
	while (got > 0 && strchr(" \t\n", text[got - 1]))
		got--;
	return (int)got;
}

int step_inherit(struct run *run, const void *body)
{
	const struct step_inherit *step = body;
	char text[4096];
	at(run, step->to.text);
	int length = read_trimmed(step->to.text, text, sizeof text);
	if (length != 0)
		return length < 0 ? length : 0;
	length = read_trimmed(step->from.text, text, sizeof text);
	if (length < 0) {
		at(run, step->from.text);
		return length;
	}
	int fd = open(step->to.text, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int result = write_once(fd, text, (size_t)length);
	close(fd);
	return result;
}
