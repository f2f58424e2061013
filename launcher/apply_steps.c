/* What each file step does. See FILE_STEPS in src/kernel/steps.ts for the contract. */
#include "apply_steps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* One directory in the list of times, followed by its path and a NUL. */
struct directory_time {
	int64_t seconds;
	uint32_t nanoseconds;
	uint32_t length;
};

static int remember_times(struct apply *state, const struct file_directory *step)
{
	struct directory_time head = { (int64_t)step->mtime_sec, step->mtime_nsec, step->path.len + 1 };

	if (sizeof(head) + head.length > APPLY_TIMES_MAX - state->times.used)
		return -E2BIG;
	memcpy(state->times.data + state->times.used, &head, sizeof(head));
	memcpy(state->times.data + state->times.used + sizeof(head), step->path.text, head.length);
	state->times.used += sizeof(head) + head.length;
	return 0;
}

static int make_directory(struct apply *state, struct place *place, const struct file_directory *step, bool *fresh)
{
	struct stat status;
	int error;

	*fresh = mkdirat(place->parent, place->name, step->mode & 07777) == 0;
	if (*fresh || errno != EEXIST)
		return *fresh ? 0 : -errno;
	if (fstatat(place->parent, place->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return 0;
	error = state->keep_kinds ? -ENOTDIR : apply_vacate(state, step->path.text, place);
	if (error < 0)
		return error;
	*fresh = true;
	return mkdirat(place->parent, place->name, step->mode & 07777) < 0 ? -errno : 0;
}

static int do_directory(struct apply *state, const void *body)
{
	const struct file_directory *step = body;
	struct attributes wanted = { step->mode, step->uid, step->gid, NULL, &state->xattrs };
	struct place place;
	bool fresh = false;
	int error = xattrs_parse(&state->xattrs, &step->xattrs);

	if (error == 0)
		error = apply_place(state, step->path.text, &place);
	if (error == 0)
		error = make_directory(state, &place, step, &fresh);
	if (error == 0)
		error = apply_attributes(&place, &wanted, fresh);
	if (error == 0)
		error = remember_times(state, step);
	/* A cached parent's setgid bit may just have changed. */
	if (error == 0 && strcmp(place.name, ".") == 0)
		state->parent_length = SIZE_MAX;
	return error;
}

/* Makes an object with one call that must not find another: what is there is removed and the call made again. */
static int make_anew(struct apply *state, const char *path, struct place *place,
		     int (*make)(const struct place *place, const void *body), const void *body)
{
	int error = apply_object(state, path, place);

	if (error == 0)
		error = make(place, body) < 0 ? -errno : 0;
	if (error != -EEXIST)
		return error;
	error = apply_vacate(state, path, place);
	if (error == 0)
		error = make(place, body) < 0 ? -errno : 0;
	return error;
}

static int make_symlink(const struct place *place, const void *body)
{
	const struct file_symlink *step = body;

	return symlinkat(step->target.text, place->parent, place->name);
}

static int do_symlink(struct apply *state, const void *body)
{
	const struct file_symlink *step = body;
	struct timespec times[2];
	struct attributes wanted = { NO_MODE, step->uid, step->gid, times, &state->xattrs };
	struct place place;
	int error = xattrs_parse(&state->xattrs, &step->xattrs);

	apply_times(times, step->mtime_sec, step->mtime_nsec);
	if (error == 0)
		error = make_anew(state, step->path.text, &place, make_symlink, body);
	return error == 0 ? apply_attributes(&place, &wanted, true) : error;
}

static int make_node(const struct place *place, const void *body)
{
	const struct file_node *step = body;

	return mknodat(place->parent, place->name, step->mode & (S_IFMT | 07777), makedev(step->major, step->minor));
}

static int do_node(struct apply *state, const void *body)
{
	const struct file_node *step = body;
	struct timespec times[2];
	struct attributes wanted = { step->mode, step->uid, step->gid, times, &state->xattrs };
	struct place place;
	int error = xattrs_parse(&state->xattrs, &step->xattrs);

	if (!S_ISCHR(step->mode) && !S_ISBLK(step->mode) && !S_ISFIFO(step->mode) && !S_ISSOCK(step->mode))
		return -EINVAL;
	apply_times(times, step->mtime_sec, step->mtime_nsec);
	if (error == 0)
		error = make_anew(state, step->path.text, &place, make_node, body);
	return error == 0 ? apply_attributes(&place, &wanted, true) : error;
}

static int make_whiteout(const struct place *place, const void *body)
{
	(void)body;
	return mknodat(place->parent, place->name, S_IFCHR, makedev(0, 0));
}

static int do_whiteout(struct apply *state, const void *body)
{
	const struct file_whiteout *step = body;
	struct place place;

	return make_anew(state, step->path.text, &place, make_whiteout, NULL);
}

static int do_opaque(struct apply *state, const void *body)
{
	const struct file_opaque *step = body;
	int fd = apply_directory(state->target, step->path.text, true);
	int error;

	if (fd < 0)
		return fd;
	error = fsetxattr(fd, overlay_opaque(), "y", 1, 0) < 0 ? -errno : 0;
	close(fd);
	return error;
}

/* Whether two names are the same object already. */
static bool same_object(int first, const char *first_name, const struct place *second)
{
	struct stat a, b;

	return fstatat(first, first_name, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(second->parent, second->name, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int link_to(struct apply *state, int source, const char *name, const char *path)
{
	struct place place;
	struct stat status;
	int error = apply_object(state, path, &place);

	if (error < 0)
		return error;
	if (linkat(source, name, place.parent, place.name, 0) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (same_object(source, name, &place))
		return 0;
	if (fstatat(source, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	error = S_ISDIR(status.st_mode) ? -EPERM : apply_vacate(state, path, &place);
	if (error == 0 && linkat(source, name, place.parent, place.name, 0) < 0)
		error = -errno;
	return error;
}

static int do_hardlink(struct apply *state, const void *body)
{
	const struct file_hardlink *step = body;
	struct place target;
	int error = apply_object(state, step->target.text, &target);
	int source;

	if (error < 0)
		return error;
	source = fcntl(target.parent, F_DUPFD_CLOEXEC, 0);
	if (source < 0)
		return -errno;
	error = link_to(state, source, target.name, step->path.text);
	close(source);
	return error;
}

static int do_keep_kinds(struct apply *state, const void *body)
{
	const struct file_keep_kinds *step = body;

	state->keep_kinds = true;
	if (step->uid == 0)
		return 0;
	/* With all rights over files kept, which go with the number otherwise. */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
		return -errno;
	setfsgid(step->gid);
	setfsuid(step->uid);
	return 0;
}

static int do_end(struct apply *state, const void *body)
{
	state->sync = ((const struct file_end *)body)->sync != 0;
	state->ended = true;
	return 0;
}

apply_step *const apply_steps[FILE_END + 1] = {
	[FILE_DIRECTORY] = do_directory, [FILE_FILE] = apply_file,     [FILE_DATA] = apply_data,
	[FILE_SYMLINK] = do_symlink,	 [FILE_HARDLINK] = do_hardlink, [FILE_NODE] = do_node,
	[FILE_WHITEOUT] = do_whiteout,	 [FILE_OPAQUE] = do_opaque,	[FILE_KEEP_KINDS] = do_keep_kinds,
	[FILE_END] = do_end,
};

int apply_directory_times(struct apply *state, const char **path)
{
	for (size_t at = 0; at < state->times.used;) {
		struct directory_time head;
		struct timespec times[2];
		int fd;

		memcpy(&head, state->times.data + at, sizeof(head));
		*path = (const char *)state->times.data + at + sizeof(head);
		at += sizeof(head) + head.length;
		apply_times(times, (uint64_t)head.seconds, head.nanoseconds);
		fd = apply_directory(state->target, *path, false);
		/* Something else may have taken its place since. */
		if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
			continue;
		if (fd < 0 || futimens(fd, times) < 0)
			return fd < 0 ? fd : -errno;
		close(fd);
	}
	return 0;
}
