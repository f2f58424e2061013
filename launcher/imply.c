/*
 * The `imply` role: launcher imply TREE_FD LAYER... REPORT_FD. Settles what a layer leaves to the layers below it, top
 * first. Standard input holds, directories before what is in them and each text with a NUL: `c` and a directory that is
 * not listed, which gets the attributes it has below; `m` and one that holds nothing but marks, which goes when there is
 * none below; `l`, a file below and a hard link to it, for which the file is copied up.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "merge.h"
#include "report.h"
#include "roles.h"

enum { OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY };

static char path[PATH_ROOM], target[PATH_ROOM];

/* Opens the directory in one layer; -ENOENT when it has none there. `hides` tells that no lower layer matters then. */
static int find_in(int layer, const char *rest, bool *hides)
{
	char name[NAME_MAX + 1];
	int at = layer;

	while (at >= 0) {
		size_t length = strcspn(rest, "/");
		int next;

		*hides |= is_opaque(at);
		if (length == 0)
			return at;
		if (length > NAME_MAX) {
			close(at);
			return -ENAMETOOLONG;
		}
		memcpy(name, rest, length);
		name[length] = 0;
		rest += length;
		rest += *rest == '/';
		next = open_beneath(at, name, OPEN_DIRECTORY);
		close(at);
		at = next;
		if (at == -ENOTDIR || at == -ELOOP) {
			*hides = true;
			return -ENOENT;
		}
	}
	return at;
}

/* The directory in the first layer that has it, and in it something of the name when that is not NULL. */
static int find(char **layers, const char *directory, const char *name)
{
	bool hides = false;

	for (; layers[1] != NULL && !hides; layers++) {
		int layer = open(layers[0], OPEN_DIRECTORY | O_CLOEXEC);
		int fd = layer < 0 ? -errno : find_in(layer, directory, &hides);
		struct stat status;

		if (fd >= 0 && name != NULL && fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
			int error = -errno;

			close(fd);
			fd = error;
		} else if (fd >= 0 && name != NULL && S_ISCHR(status.st_mode) && status.st_rdev == 0) {
			close(fd);
			return -ENOENT;
		}
		if (fd != -ENOENT)
			return fd;
	}
	return -ENOENT;
}

static int copy_attributes(int from, int to)
{
	static uint8_t data[XATTRS_MAX];
	struct xattrs xattrs = { data, 0, sizeof(data), false };
	struct stat status;
	int error;

	if (fstat(from, &status) < 0 || fchdir(from) < 0)
		return -errno;
	error = xattrs_read(&xattrs, ".", false);
	if (error < 0)
		return error;
	if (fchown(to, status.st_uid, status.st_gid) < 0 || fchmod(to, status.st_mode & 07777) < 0)
		return -errno;
	error = xattrs_write(&xattrs, to, NULL);
	return error == 0 && futimens(to, (const struct timespec[2]){ status.st_atim, status.st_mtim }) < 0 ? -errno : error;
}

/* Opens the directory above, and cuts the path there; `name` is what is in it. */
static int open_above(int tree, char *of, const char **name, struct stat *status)
{
	char *slash = strrchr(of, '/');
	int fd;

	*name = slash == NULL ? of : slash + 1;
	if (slash != NULL)
		*slash = 0;
	fd = open_beneath(tree, slash == NULL ? "." : of, OPEN_DIRECTORY);
	if (fd >= 0 && fstat(fd, status) < 0)
		return -errno;
	return fd;
}

/* Directories keep their times. */
static int close_as_it_was(int fd, const struct stat *status, int error)
{
	if (error == 0 && futimens(fd, (const struct timespec[2]){ status->st_atim, status->st_mtim }) < 0)
		error = -errno;
	close(fd);
	return error;
}

static int take_away(int tree)
{
	const char *name;
	struct stat status;
	int parent = open_above(tree, path, &name, &status);

	if (parent < 0)
		return parent == -ENOENT ? 0 : parent; /* it went with one above */
	return close_as_it_was(parent, &status, remove_tree(parent, name));
}

static int make(int tree)
{
	char whole[PATH_ROOM];
	const char *name;
	struct stat status;
	int parent, error;

	strcpy(whole, path);
	parent = open_above(tree, whole, &name, &status);
	if (parent < 0)
		return parent;
	error = mkdirat(parent, name, 0755) < 0 ? -errno : 0;
	error = close_as_it_was(parent, &status, error);
	return error < 0 ? error : open_beneath(tree, path, OPEN_DIRECTORY);
}

static int settle(int tree, char kind, char **layers)
{
	static const struct timespec never[2];
	int below = find(layers, path, NULL), own, error;

	if (below == -ENOENT && kind == 'm')
		return take_away(tree);
	if (below < 0 && below != -ENOENT)
		return below;
	own = open_beneath(tree, path, OPEN_DIRECTORY);
	if (own == -ENOENT)
		own = make(tree);
	if (own < 0)
		error = own;
	else if (below < 0)
		error = futimens(own, never) < 0 ? -errno : 0; /* nobody tells its time, so it is the same for all */
	else
		error = copy_attributes(below, own);
	if (own >= 0)
		close(own);
	if (below >= 0)
		close(below);
	return error;
}

/* The file that a link leads to, from below when the layer has none. */
static int copy_up(int directory, const char *name, char **layers)
{
	static struct merge merge;
	static uint8_t xattrs[XATTRS_MAX];
	struct stat status;
	int below, error;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	below = find(layers, name == target ? "" : target, name);
	if (below < 0)
		return below;
	merge.xattrs = (struct xattrs){ xattrs, 0, sizeof(xattrs), false };
	error = merge.links.data == NULL ? merge_links_init(&merge) : 0;
	if (error == 0)
		error = fstatat(below, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
	status.st_nlink = 1; /* its other names stay below */
	if (error == 0)
		error = S_ISDIR(status.st_mode) ? -EPERM : merge_one(&merge, below, directory, name, &status);
	close(below);
	return error;
}

static int link_late(int tree, char **layers)
{
	const char *from, *to;
	struct stat above_from, above_to;
	int source = open_above(tree, target, &from, &above_from), place, error;

	if (source < 0)
		return source;
	error = copy_up(source, from, layers);
	place = error == 0 ? open_above(tree, path, &to, &above_to) : error;
	if (place >= 0) {
		error = remove_tree(place, to);
		if (error == 0 && linkat(source, from, place, to, 0) < 0)
			error = -errno;
		error = close_as_it_was(place, &above_to, error);
	} else
		error = place;
	return close_as_it_was(source, &above_from, error);
}

int imply_main(int argc, char **argv)
{
	static char block[64 * 1024];
	int tree = descriptor_argument(argc >= 4 ? argv[2] : NULL);
	int report = descriptor_argument(argc >= 4 ? argv[argc - 1] : NULL);
	char kind = 0, *text = path;
	size_t length = 0;
	ssize_t count;
	int error = 0;

	if (tree < 0 || report < 0)
		return EXIT_REFUSED;
	umask(0);
	lseek(0, 0, SEEK_SET);
	while (error == 0 && (count = read(0, block, sizeof(block))) > 0)
		for (ssize_t at = 0; at < count && error == 0; at++) {
			if (kind == 0) {
				kind = block[at];
				text = kind == 'l' ? target : path;
			} else if (length == sizeof(path))
				error = -ENAMETOOLONG;
			else if ((text[length++] = block[at]) == 0) {
				length = 0;
				if (text == target) {
					text = path;
					continue;
				}
				error = kind == 'l' ? link_late(tree, argv + 3) : settle(tree, kind, argv + 3);
				kind = 0;
			}
		}
	return error == 0 ? 0 : tree_failure(report, NO_STEP, error, path);
}
