#include "inroot.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernel.h"

int inroot_open(int root, const char *path, uint64_t flags)
{
	return sys_openat2(root, path, flags, 0, KERNEL_RESOLVE_IN_ROOT | KERNEL_RESOLVE_NO_MAGICLINKS);
}

int inroot_straight(int root, const char *path)
{
	const uint64_t how = KERNEL_RESOLVE_IN_ROOT | KERNEL_RESOLVE_NO_MAGICLINKS | KERNEL_RESOLVE_NO_SYMLINKS;
	return sys_openat2(root, path, O_PATH, 0, how);
}

int inroot_object(const struct inroot_place *place)
{
	const uint64_t how = KERNEL_RESOLVE_BENEATH | KERNEL_RESOLVE_NO_MAGICLINKS;
	return sys_openat2(place->parent, place->name, O_PATH | O_NOFOLLOW, 0, how);
}

int inroot_mode(int fd, mode_t mode)
{
	int result = (int)SYS_RESULT(SYS_fchmodat2, fd, "", mode, AT_EMPTY_PATH);
	if (result != -ENOSYS)
		return result;
	/* Before Linux 6.6 only the magic link reaches what an O_PATH descriptor holds. */
	char link[40];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return chmod(link, mode) < 0 ? -errno : 0;
}

int inroot_own(int fd, const struct inroot_owner *owner)
{
	struct stat stat;
	if (fstat(fd, &stat) < 0)
		return -errno;
	bool moved = stat.st_uid != owner->uid || stat.st_gid != owner->gid;
	if (moved && fchownat(fd, "", owner->uid, owner->gid, AT_EMPTY_PATH) < 0)
		return -errno;
	/* A change of owner clears the set-id bits. */
	if (moved && fstat(fd, &stat) < 0)
		return -errno;
	return (stat.st_mode & 07777) == owner->mode ? 0 : inroot_mode(fd, owner->mode);
}

int inroot_make_directory(int parent, const char *name, const struct inroot_owner *owner)
{
	bool made = mkdirat(parent, name, owner->mode) == 0;
	if (!made && errno != EEXIST)
		return -errno;
	const uint64_t how = KERNEL_RESOLVE_BENEATH | KERNEL_RESOLVE_NO_SYMLINKS;
	int fd = sys_openat2(parent, name, O_PATH | O_DIRECTORY, 0, how);
	if (fd < 0 || !made)
		return fd;
	int result = inroot_own(fd, owner);
	if (result == 0)
		return fd;
	close(fd);
	return result;
}

/*
 * The directory at the first `end` bytes of path. Each prefix is looked up anew from the root, since only the kernel
 * knows where a symlink in the middle leads.
 */
static int open_or_make(int root, char *path, size_t end, int parent, const char *name,
			const struct inroot_owner *owner)
{
	char kept = path[end];
	path[end] = 0;
	int fd = inroot_open(root, path, O_PATH | O_DIRECTORY);
	if (fd == -ENOENT)
		fd = inroot_make_directory(parent, name, owner);
	path[end] = kept;
	return fd;
}

static size_t component_end(const char *path, size_t start)
{
	return start + strcspn(path + start, "/");
}

static size_t skip_slashes(const char *path, size_t at)
{
	return at + strspn(path + at, "/");
}

/* Walks the components up to `stop`; returns a descriptor of the directory reached. */
static int walk(int root, char *path, size_t stop, const struct inroot_owner *owner)
{
	int at = inroot_open(root, ".", O_PATH | O_DIRECTORY);
	for (size_t start = skip_slashes(path, 0); at >= 0 && start < stop;) {
		char name[NAME_MAX + 1];
		size_t end = component_end(path, start);
		if (end - start > NAME_MAX) {
			close(at);
			return -ENAMETOOLONG;
		}
		memcpy(name, path + start, end - start);
		name[end - start] = 0;
		int next = open_or_make(root, path, end, at, name, owner);
		close(at);
		at = next;
		start = skip_slashes(path, end);
	}
	return at;
}

static int copy_path(char out[PATH_MAX], const char *path, size_t *length)
{
	*length = strlen(path);
	while (*length > 0 && path[*length - 1] == '/')
		(*length)--;
	if (*length >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(out, path, *length);
	out[*length] = 0;
	return 0;
}

int inroot_directory(int root, const char *path, const struct inroot_owner *owner)
{
	char copy[PATH_MAX];
	size_t length;
	int result = copy_path(copy, path, &length);
	if (result)
		return result;
	int fd = inroot_open(root, length ? copy : ".", O_PATH | O_DIRECTORY);
	return fd == -ENOENT ? walk(root, copy, length, owner) : fd;
}

int inroot_parent(int root, const char *path, const struct inroot_owner *owner, struct inroot_place *place)
{
	char copy[PATH_MAX];
	size_t length;
	int result = copy_path(copy, path, &length);
	if (result)
		return result;
	size_t start = length;
	while (start > 0 && copy[start - 1] != '/')
		start--;
	const char *name = copy + start;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	if (length - start >= sizeof place->name)
		return -ENAMETOOLONG;
	memcpy(place->name, name, length - start + 1);
	copy[start] = 0;
	place->parent = inroot_directory(root, copy, owner);
	return place->parent < 0 ? place->parent : 0;
}

int inroot_file(const struct inroot_place *place, const struct inroot_owner *owner)
{
	/* O_EXCL: an existing fifo or device is never opened, only looked at. */
	const int flags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
	int made = openat(place->parent, place->name, flags, owner->mode);
	if (made < 0 && errno != EEXIST)
		return -errno;
	bool fresh = made >= 0;
	if (fresh) {
		int result = fchown(made, owner->uid, owner->gid) < 0 || fchmod(made, owner->mode) < 0 ? -errno : 0;
		close(made);
		if (result)
			return result;
	}
	return inroot_object(place);
}
