/*
 * The `imply` role: launcher imply TREE_FD LAYER... REPORT_FD. Gives directories that a layer names only as parents the
 * attributes they have in the layers below, top first. Standard input holds, for each one and parents first, `c` when
 * the layer has something in it or `m` when it has nothing but marks, the path, and a NUL.
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

static char path[PATH_ROOM];

static bool is_opaque(int directory)
{
	char value[2];

	return fgetxattr(directory, "trusted.overlay.opaque", value, sizeof(value)) == 1 && value[0] == 'y';
}

/* Opens the directory in one layer; -ENOENT when it has none there. `hides` tells that no lower layer matters then. */
static int find_in(int layer, bool *hides)
{
	char name[NAME_MAX + 1];
	int at = layer;

	for (const char *rest = path; at >= 0;) {
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

static int find(char **layers, int count)
{
	bool hides = false;

	for (int i = 0; i < count && !hides; i++) {
		int layer = open(layers[i], OPEN_DIRECTORY | O_CLOEXEC);
		int fd = layer < 0 ? -errno : find_in(layer, &hides);

		if (fd != -ENOENT)
			return fd;
	}
	return -ENOENT;
}

static int copy_attributes(int from, int to)
{
	static uint8_t data[XATTRS_MAX];
	struct xattrs xattrs = { data, 0, sizeof(data) };
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

/* The directory above keeps its time. */
static int take_away(int tree)
{
	char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	struct stat status;
	int parent, error;

	if (slash != NULL)
		*slash = 0;
	parent = open_beneath(tree, slash == NULL ? "." : path, OPEN_DIRECTORY);
	if (parent < 0)
		return parent == -ENOENT ? 0 : parent; /* it went with one above */
	error = fstat(parent, &status) < 0 ? -errno : remove_tree(parent, name);
	if (error == 0 && futimens(parent, (const struct timespec[2]){ status.st_atim, status.st_mtim }) < 0)
		error = -errno;
	close(parent);
	return error;
}

static int settle(int tree, char kind, char **layers, int count)
{
	static const struct timespec never[2];
	int below = find(layers, count), own, error;

	if (below == -ENOENT && kind == 'm')
		return take_away(tree);
	if (below < 0 && below != -ENOENT)
		return below;
	own = open_beneath(tree, path, OPEN_DIRECTORY);
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

int imply_main(int argc, char **argv)
{
	static char block[64 * 1024];
	int tree = descriptor_argument(argc >= 4 ? argv[2] : NULL);
	int report = descriptor_argument(argc >= 4 ? argv[argc - 1] : NULL);
	char kind = 0;
	size_t length = 0;
	ssize_t count;
	int error = 0;

	if (tree < 0 || report < 0)
		return EXIT_REFUSED;
	lseek(0, 0, SEEK_SET);
	while (error == 0 && (count = read(0, block, sizeof(block))) > 0)
		for (ssize_t at = 0; at < count && error == 0; at++) {
			if (kind == 0)
				kind = block[at];
			else if (length == sizeof(path))
				error = -ENAMETOOLONG;
			else if ((path[length++] = block[at]) == 0) {
				error = settle(tree, kind, argv + 3, argc - 4);
				length = 0;
				kind = 0;
			}
		}
	return error == 0 ? 0 : tree_failure(report, NO_STEP, error, path);
}
