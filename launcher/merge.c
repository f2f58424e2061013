/* The `merge` role: launcher merge SOURCE_FD TARGET_FD REPORT_FD. Lays a tree in overlay form over a plain tree. */
#include "merge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "report.h"
#include "roles.h"

/* Two descriptors and about 3 KiB of stack for each level. */
enum { DEPTH_MAX = 2000, DESCRIPTORS = 2 * DEPTH_MAX + 64 };

/* One pair of directories, as the context of each_entry. */
struct level {
	struct merge *merge;
	int source, target;
};

static int merge_directory(struct merge *merge, int source, int target, const char *name, const struct stat *status);

/* Owner, mode, xattrs, times: in this order, so that nothing takes a later one away. */
static int copy_attributes(struct merge *merge, int source, int target, const char *name, const struct stat *status)
{
	const struct timespec times[2] = { status->st_atim, status->st_mtim };
	int error = fchdir(source) < 0 ? -errno : xattrs_read(&merge->xattrs, name, false);

	if (error < 0)
		return error;
	if (fchownat(target, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISLNK(status->st_mode) && fchmodat(target, name, status->st_mode & 07777, 0) < 0)
		return -errno;
	if (fchdir(target) < 0)
		return -errno;
	error = xattrs_write(&merge->xattrs, -1, name);
	if (error < 0)
		return error;
	return utimensat(target, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_regular(int source, int target, const char *name, const struct stat *status)
{
	int from = openat(source, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int to = from < 0 ? -1 : openat(target, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int error = from < 0 || to < 0 ? -errno : copy_data(from, to, (uint64_t)status->st_size);

	close(from);
	if (to >= 0 && close(to) < 0 && error == 0)
		error = -errno;
	return error;
}

static int copy_symlink(int source, int target, const char *name)
{
	char to[PATH_MAX];
	ssize_t length = readlinkat(source, name, to, sizeof(to) - 1);

	if (length < 0)
		return -errno;
	to[length] = 0;
	return symlinkat(to, target, name) < 0 ? -errno : 0;
}

int merge_one(struct merge *merge, int source, int target, const char *name, const struct stat *status)
{
	bool linked = status->st_nlink > 1;
	int error = linked ? merge_link(merge, target, name, status) : -ENOENT;

	if (error != -ENOENT)
		return error;
	if (S_ISREG(status->st_mode))
		error = copy_regular(source, target, name, status);
	else if (S_ISLNK(status->st_mode))
		error = copy_symlink(source, target, name);
	else
		error = mknodat(target, name, status->st_mode, status->st_rdev) < 0 ? -errno : 0;
	if (error == 0)
		error = copy_attributes(merge, source, target, name, status);
	return error == 0 && linked ? merge_remember(merge, status) : error;
}

static bool hides(int source, const char *name)
{
	char value[2];

	return fchdir(source) == 0 && lgetxattr(name, overlay_opaque(), value, sizeof(value)) == 1 &&
	       value[0] == 'y';
}

static int merge_object(struct merge *merge, int source, int target, const char *name)
{
	struct stat status, there;
	int error;

	if (fstatat(source, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (fstatat(target, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		there.st_mode = 0;
	if (S_ISDIR(status.st_mode) && S_ISDIR(there.st_mode))
		return merge_directory(merge, source, target, name, &status);
	if (there.st_mode != 0) {
		error = remove_tree(target, name);
		if (error < 0)
			return error;
	}
	if (S_ISCHR(status.st_mode) && status.st_rdev == 0)
		return 0; /* a whiteout */
	if (!S_ISDIR(status.st_mode))
		return merge_one(merge, source, target, name, &status);
	if (mkdirat(target, name, 0700) < 0)
		return -errno;
	return merge_directory(merge, source, target, name, &status);
}

static int merge_entry(void *context, const struct entry *entry)
{
	const struct level *level = context;
	struct merge *merge = level->merge;
	size_t before = merge->path_length;
	int error = merge_path_push(merge, entry->name);

	if (error == 0)
		error = merge_object(merge, level->source, level->target, entry->name);
	if (error == 0)
		merge_path_cut(merge, before); /* else it says where we were */
	return error;
}

/* What the directories hold. The target's descriptor may be closed afterwards. */
static int merge_contents(struct merge *merge, int source, int target, bool opaque)
{
	struct level level = { merge, source, target };
	int error = opaque ? empty_tree(target) : 0;

	return error == 0 ? each_entry(source, merge_entry, &level) : error;
}

/* Both directories are there; the times come last, since filling it changes them. */
static int merge_directory(struct merge *merge, int source, int target, const char *name, const struct stat *status)
{
	int from = open_beneath(source, name, O_RDONLY | O_DIRECTORY);
	int to = open_beneath(target, name, O_RDONLY | O_DIRECTORY);
	int error = from < 0 ? from : to < 0 ? to : 0;

	merge->depth++;
	if (error == 0)
		error = merge->depth > DEPTH_MAX ? -ELOOP : merge_contents(merge, from, to, hides(source, name));
	merge->depth--;
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	if (error == 0)
		error = fchdir(target) < 0 ? -errno : xattrs_clear(name);
	return error == 0 ? copy_attributes(merge, source, target, name, status) : error;
}

static int start_merge(struct merge *merge)
{
	static uint8_t xattrs[XATTRS_MAX];

	merge->xattrs = (struct xattrs){ xattrs, 0, sizeof(xattrs), false };
	umask(0);
	merge_allow_descriptors(DESCRIPTORS);
	return merge_links_init(merge);
}

int merge_copy(int source, int target, bool attributes)
{
	static struct merge merge;
	struct stat status;
	int error = start_merge(&merge);

	merge.target = target;
	if (error == 0 && fstat(source, &status) < 0)
		error = -errno;
	if (error < 0 || attributes)
		return error < 0 ? error : merge_directory(&merge, source, target, ".", &status);
	int from = open_beneath(source, ".", O_RDONLY | O_DIRECTORY);
	int to = open_beneath(target, ".", O_RDONLY | O_DIRECTORY);
	return from < 0 ? from : to < 0 ? to : merge_contents(&merge, from, to, false);
}

int merge_main(int argc, char **argv)
{
	static struct merge merge;
	int source = descriptor_argument(argc == 5 ? argv[2] : NULL);
	int report = descriptor_argument(argc == 5 ? argv[4] : NULL);
	struct stat status;
	int error;

	merge.target = descriptor_argument(argc == 5 ? argv[3] : NULL);
	if (source < 0 || merge.target < 0 || report < 0)
		return EXIT_REFUSED;
	error = start_merge(&merge);
	if (error == 0 && fstat(source, &status) < 0)
		error = -errno;
	if (error == 0)
		error = merge_directory(&merge, source, merge.target, ".", &status);
	return error == 0 ? 0 : tree_failure(report, NO_STEP, error, merge.path);
}
