#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "report.h"
#include "roles.h"

#define BENEATH (KERNEL_RESOLVE_BENEATH | KERNEL_RESOLVE_NO_SYMLINKS | KERNEL_RESOLVE_NO_MAGICLINKS)
#define KERNEL_RENAME_NOREPLACE 1

/* Descriptors that a removal may hold at once; what is deeper is moved up first. */
enum { DEPTH_MAX = 64 };

struct removal {
	int top;
	unsigned hoisted;
};

/* One directory of a removal, as the context of each_entry. */
struct level {
	struct removal *removal;
	int directory;
	unsigned depth;
};

int open_beneath(int directory, const char *path, int flags)
{
	return sys_openat2(directory, path, (uint64_t)flags, 0, BENEATH);
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

int each_entry(int directory, int (*each)(void *context, const struct entry *entry), void *context)
{
	_Alignas(struct entry) char block[2048];
	long length;

	while ((length = syscall(SYS_getdents64, directory, block, sizeof(block))) > 0) {
		for (long at = 0; at < length;) {
			const struct entry *entry = (const struct entry *)(block + at);
			int error = is_dots(entry->name) ? 0 : each(context, entry);

			if (error != 0)
				return error;
			at += entry->length;
		}
	}
	/* ENOENT: another process has removed the directory in the meantime, so it is empty. */
	return length < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_entry(void *context, const struct entry *entry);

/* Empties the directory. Entries that were moved up to the top while it was read take another pass. */
static int clear(struct removal *removal, int directory, unsigned depth)
{
	struct level level = { removal, directory, depth };
	unsigned before;
	int error;

	do {
		before = removal->hoisted;
		if (lseek(directory, 0, SEEK_SET) < 0)
			return -errno;
		error = each_entry(directory, remove_entry, &level);
	} while (error == 0 && depth == 0 && removal->hoisted != before);
	return error;
}

/* Moves a directory that lies too deep to the top of the tree. */
static int hoist(struct removal *removal, int parent, const char *name)
{
	char moved[32];

	for (int tries = 0; tries < 1000; tries++) {
		snprintf(moved, sizeof(moved), ".sampan-removed-%u", removal->hoisted++);
		if (syscall(SYS_renameat2, parent, name, removal->top, moved, KERNEL_RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return errno == ENOENT ? 0 : -errno;
	}
	return -EEXIST;
}

/* A writer that was killed may take a moment to go, so a directory that fills up again is emptied again. */
static int clear_and_remove(struct removal *removal, int parent, const char *name, int fd, unsigned depth)
{
	struct timespec moment = { 0, 10 * 1000 * 1000 };

	for (int tries = 0; tries < 100; tries++) {
		int error = clear(removal, fd, depth);

		if (error != 0)
			return error;
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY)
			return -errno;
		nanosleep(&moment, NULL);
	}
	return -ENOTEMPTY;
}

static int remove_directory(struct removal *removal, int parent, const char *name, unsigned depth)
{
	int fd = sys_openat2(parent, name, O_RDONLY | O_DIRECTORY, 0, BENEATH | KERNEL_RESOLVE_NO_XDEV);
	int error;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd == -EXDEV ? -EBUSY : fd;
	if (depth == 0)
		removal->top = fd;
	error = depth == DEPTH_MAX ? hoist(removal, parent, name) : clear_and_remove(removal, parent, name, fd, depth);
	close(fd);
	return error;
}

static int remove_entry(void *context, const struct entry *entry)
{
	const struct level *level = context;

	if (entry->type != DT_DIR) {
		if (unlinkat(level->directory, entry->name, 0) == 0 || errno == ENOENT)
			return 0;
		if (errno != EISDIR)
			return -errno;
	}
	return remove_directory(level->removal, level->directory, entry->name, level->depth + 1);
}

int remove_tree(int parent, const char *name)
{
	struct removal removal = { .top = -1 };

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -errno;
	return remove_directory(&removal, parent, name, 0);
}

int empty_tree(int directory)
{
	struct removal removal = { .top = directory };

	return clear(&removal, directory, 0);
}

int tree_failure(int report, uint32_t step, int error, const char *path)
{
	struct report record = { .kind = REPORT_FAIL, .step = step, .value = error < 0 ? -error : error, .path = path };

	report_send(report, &record);
	return EXIT_STEP_FAILED;
}
