/* Paths of the file-step stream: the kernel resolves them below the target; here they are only split. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply.h"
#include "inroot.h"
#include "kernel.h"

enum { OPEN_PARENT = O_RDONLY | O_DIRECTORY }; /* a symlink is ELOOP by the way of resolving */

static bool climbs(const char *path)
{
	if (path[0] == '/')
		return true;
	for (const char *at = path; at != NULL; at = strchr(at, '/')) {
		at += at[0] == '/';
		if (at[0] == '.' && at[1] == '.' && (at[2] == '/' || at[2] == 0))
			return true;
	}
	return false;
}

/* One component of a walk: opens it, making it first when it is missing. */
static int step_down(int directory, const char *name, bool make)
{
	int fd = open_beneath(directory, name, OPEN_PARENT);

	if (fd != -ENOENT || !make)
		return fd;
	if (mkdirat(directory, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	return open_beneath(directory, name, OPEN_PARENT);
}

/* Component by component: for paths with missing parts and paths too long for one call. */
static int walk(int target, const char *path, bool make)
{
	char name[NAME_MAX + 1];
	int at = open_beneath(target, ".", OPEN_PARENT);

	while (at >= 0 && *path != 0) {
		size_t length = strcspn(path, "/");
		int next;

		if (length > NAME_MAX) {
			close(at);
			return -ENAMETOOLONG;
		}
		memcpy(name, path, length);
		name[length] = 0;
		path += length;
		path += strspn(path, "/");
		if (length == 0)
			continue;
		next = step_down(at, name, make);
		close(at);
		at = next;
	}
	return at;
}

int apply_directory(int target, const char *path, bool make)
{
	int fd;

	if (climbs(path))
		return -EXDEV;
	fd = open_beneath(target, path[0] == 0 ? "." : path, OPEN_PARENT);
	if ((fd == -ENOENT && make) || fd == -ENAMETOOLONG)
		return walk(target, path, make);
	return fd;
}

/* Makes the directory path[0..length) the cached parent. */
static int enter(struct apply *state, const char *path, size_t length)
{
	char parent[64 * 1024];
	struct stat status;

	if (state->parent >= 0 && length == state->parent_length && memcmp(path, state->parent_path, length) == 0)
		return 0;
	if (state->parent >= 0)
		close(state->parent);
	state->parent = -1;
	if (length >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(parent, path, length);
	parent[length] = 0;
	state->parent = apply_directory(state->target, parent, true);
	if (state->parent < 0)
		return state->parent;
	if (fstat(state->parent, &status) < 0)
		return -errno;
	state->parent_inherits = (status.st_mode & S_ISGID) != 0;
	/* A path too long to be kept is never found again. */
	state->parent_length = length < sizeof(state->parent_path) ? length : SIZE_MAX;
	if (length < sizeof(state->parent_path))
		memcpy(state->parent_path, path, length);
	return 0;
}

int apply_place(struct apply *state, const char *path, struct place *out)
{
	const char *slash = strrchr(path, '/');
	int error;

	if (climbs(path))
		return -EXDEV;
	error = enter(state, path, slash == NULL ? 0 : (size_t)(slash - path));
	if (error < 0)
		return error;
	out->parent = state->parent;
	out->inherits = state->parent_inherits;
	out->name = slash == NULL ? path : slash + 1;
	if (out->name[0] == 0)
		out->name = ".";
	return 0;
}

int apply_object(struct apply *state, const char *path, struct place *out)
{
	int error = apply_place(state, path, out);

	return error == 0 && strcmp(out->name, ".") == 0 ? -EISDIR : error;
}

int apply_vacate(struct apply *state, const char *path, struct place *out)
{
	struct stat status;
	int error = sys_openat2(out->parent, out->name, O_PATH | O_NOFOLLOW, 0, KERNEL_RESOLVE_NO_XDEV);

	/*
	 * The tree may be that of another mount namespace: unlink there takes the mount off together with the name, where
	 * in our own it refuses.
	 */
	if (error == -EXDEV)
		return -EBUSY;
	if (error >= 0)
		close(error);
	if (state->keep_kinds && fstatat(out->parent, out->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(status.st_mode))
		return -EISDIR;
	error = remove_tree(out->parent, out->name);
	if (error < 0)
		return error;
	close(state->parent);
	state->parent = -1;
	return apply_place(state, path, out);
}

/* Never by a link: a container may be at work in the same directory. */
static int change_mode(const struct place *place, mode_t mode)
{
	int fd = openat(place->parent, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int error = fd < 0 ? -errno : inroot_mode(fd, mode);

	if (fd >= 0)
		close(fd);
	return error;
}

int apply_attributes(const struct place *place, const struct attributes *wanted, bool fresh)
{
	bool owned = fresh && !place->inherits && wanted->uid == 0 && wanted->gid == 0;
	bool moded = owned && (wanted->mode & (S_ISUID | S_ISGID)) == 0;

	if (!owned && fchownat(place->parent, place->name, wanted->uid, wanted->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!moded && wanted->mode != NO_MODE) {
		int error = change_mode(place, wanted->mode & 07777);

		if (error < 0)
			return error;
	}
	if (wanted->xattrs->size > 0) {
		int error = fchdir(place->parent) < 0 ? -errno : xattrs_write(wanted->xattrs, -1, place->name);

		if (error < 0)
			return error;
	}
	if (wanted->times != NULL && utimensat(place->parent, place->name, wanted->times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

void apply_times(struct timespec times[2], uint64_t seconds, uint32_t nanoseconds)
{
	times[0] = times[1] = (struct timespec){ .tv_sec = (time_t)(int64_t)seconds, .tv_nsec = nanoseconds };
}
