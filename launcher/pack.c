/*
 * The `pack` role: launcher pack TREE_FD [NAME AS] REPORT_FD. Writes a plain tree to standard output as a tar archive, or
 * of it the one object NAME, which the archive calls AS.
 */
#include "pack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "merge.h"
#include "report.h"
#include "roles.h"

enum { DEPTH_MAX = 2000, DESCRIPTORS = DEPTH_MAX + 64 };

struct level {
	struct merge *walk;
	int directory;
	const char *as; /* NULL: everything by its own name */
};

static int pack_directory(struct merge *walk, int parent, const char *name);

static int write_entry(struct merge *walk, char type, const struct stat *status, const char *link)
{
	const struct pack_entry entry = { walk->path, link, type, status, &walk->xattrs };

	return pack_header(&entry);
}

static int pack_regular(struct merge *walk, int directory, const char *name, const struct stat *status)
{
	int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int error = file < 0 ? -errno : write_entry(walk, '0', status, NULL);

	if (error == 0)
		error = pack_data(file, (uint64_t)status->st_size);
	if (file >= 0)
		close(file);
	return error;
}

static int pack_symlink(struct merge *walk, int directory, const char *name, const struct stat *status)
{
	char to[PATH_MAX];
	ssize_t length = readlinkat(directory, name, to, sizeof(to) - 1);

	if (length < 0)
		return -errno;
	to[length] = 0;
	return write_entry(walk, '2', status, to);
}

static char type_of(mode_t mode)
{
	return S_ISCHR(mode) ? '3' : S_ISBLK(mode) ? '4' : '6';
}

static int pack_object(struct merge *walk, int directory, const char *name, const struct stat *status)
{
	bool linked = status->st_nlink > 1;
	const char *first = linked ? merge_find(walk, status) : NULL;
	int error = fchdir(directory) < 0 ? -errno : xattrs_read(&walk->xattrs, name);

	if (error < 0)
		return error;
	if (first != NULL) {
		walk->xattrs.size = 0;
		return write_entry(walk, '1', status, first);
	}
	if (S_ISREG(status->st_mode))
		error = pack_regular(walk, directory, name, status);
	else if (S_ISLNK(status->st_mode))
		error = pack_symlink(walk, directory, name, status);
	else
		error = write_entry(walk, type_of(status->st_mode), status, NULL);
	return error == 0 && linked ? merge_remember(walk, status) : error;
}

/* What has gone meanwhile is left out: a container may be running. So are sockets, which no archive holds. */
static int pack_entry(void *context, const struct entry *entry)
{
	const struct level *level = context;
	struct merge *walk = level->walk;
	size_t before = walk->path_length;
	struct stat status;
	int error;

	if (fstatat(level->directory, entry->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISSOCK(status.st_mode))
		return 0;
	error = merge_path_push(walk, level->as != NULL ? level->as : entry->name);
	if (error == 0 && S_ISDIR(status.st_mode)) {
		error = fchdir(level->directory) < 0 ? -errno : xattrs_read(&walk->xattrs, entry->name);
		if (error == 0)
			error = write_entry(walk, '5', &status, NULL);
		if (error == 0)
			error = pack_directory(walk, level->directory, entry->name);
	} else if (error == 0)
		error = pack_object(walk, level->directory, entry->name, &status);
	if (error == 0)
		merge_path_cut(walk, before); /* else it says where we were */
	return error;
}

static int pack_directory(struct merge *walk, int parent, const char *name)
{
	struct level level = { walk, open_beneath(parent, name, O_RDONLY | O_DIRECTORY), NULL };
	int error;

	if (level.directory < 0)
		return level.directory;
	walk->depth++;
	error = walk->depth > DEPTH_MAX ? -ELOOP : each_entry(level.directory, pack_entry, &level);
	walk->depth--;
	close(level.directory);
	return error;
}

static int pack_one(struct merge *walk, int tree, const char *name, const char *as)
{
	static union {
		struct entry entry;
		char room[sizeof(struct entry) + NAME_MAX + 1];
	} one;
	struct level level = { walk, tree, as };

	if (name[0] == 0 || strlen(name) > NAME_MAX || strchr(name, '/') != NULL)
		return -EINVAL;
	memcpy(one.entry.name, name, strlen(name) + 1);
	return pack_entry(&level, &one.entry);
}

int pack_main(int argc, char **argv)
{
	static struct merge walk;
	static uint8_t xattrs[XATTRS_MAX];
	bool whole = argc == 4;
	bool usable = whole || argc == 6;
	int tree = descriptor_argument(usable ? argv[2] : NULL);
	int report = descriptor_argument(usable ? argv[argc - 1] : NULL);
	int error;

	if (tree < 0 || report < 0)
		return EXIT_REFUSED;
	walk.xattrs = (struct xattrs){ xattrs, 0, sizeof(xattrs) };
	merge_allow_descriptors(DESCRIPTORS);
	error = merge_links_init(&walk);
	if (error == 0)
		error = whole ? pack_directory(&walk, tree, ".") : pack_one(&walk, tree, argv[3], argv[4]);
	if (error == 0)
		error = pack_finish();
	return error == 0 ? 0 : tree_failure(report, NO_STEP, error, walk.path);
}
