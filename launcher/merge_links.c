/* Hard links of a merge: a table from the source's inode to the path of its copy. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "merge.h"

enum { LINKS_MAX = 256 * 1024 * 1024, BUCKETS = 16384 };

/* Followed by the path and a NUL. */
struct link {
	uint64_t device, inode;
	uint32_t next; /* offset in the table, 0 for none */
	uint32_t length;
};

static uint32_t buckets[BUCKETS];

int merge_links_init(struct merge *merge)
{
	void *data = mmap(NULL, LINKS_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (data == MAP_FAILED)
		return -errno;
	merge->links.data = data;
	merge->links.used = 1; /* 0 means none */
	return 0;
}

static uint32_t *bucket(const struct stat *status)
{
	return &buckets[(status->st_ino ^ status->st_dev) % BUCKETS];
}

const char *merge_find(const struct merge *merge, const struct stat *status)
{
	struct link link;

	for (uint32_t at = *bucket(status); at != 0; at = link.next) {
		memcpy(&link, merge->links.data + at, sizeof(link));
		if (link.device == status->st_dev && link.inode == status->st_ino)
			return (const char *)merge->links.data + at + sizeof(link);
	}
	return NULL;
}

int merge_link(struct merge *merge, int target, const char *name, const struct stat *status)
{
	const char *path = merge_find(merge, status);
	static char parent[PATH_ROOM];
	const char *slash;
	int fd, error;

	if (path == NULL)
		return -ENOENT;
	slash = strrchr(path, '/');
	memcpy(parent, path, slash == NULL ? 0 : (size_t)(slash - path));
	parent[slash == NULL ? 0 : slash - path] = 0;
	fd = open_beneath(merge->target, slash == NULL ? "." : parent, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd == -ENAMETOOLONG ? -ENOENT : fd; /* too deep to be named: it gets a copy of its own */
	error = linkat(fd, slash == NULL ? path : slash + 1, target, name, 0) < 0 ? -errno : 0;
	close(fd);
	return error == -EMLINK ? -ENOENT : error;
}

int merge_remember(struct merge *merge, const struct stat *status)
{
	struct link link = { status->st_dev, status->st_ino, *bucket(status), (uint32_t)merge->path_length + 1 };

	if (sizeof(link) + link.length > LINKS_MAX - merge->links.used)
		return -ENOMEM;
	*bucket(status) = (uint32_t)merge->links.used;
	memcpy(merge->links.data + merge->links.used, &link, sizeof(link));
	memcpy(merge->links.data + merge->links.used + sizeof(link), merge->path, link.length);
	merge->links.used += sizeof(link) + link.length;
	return 0;
}

int merge_path_push(struct merge *merge, const char *name)
{
	size_t length = strlen(name);
	bool first = merge->path_length == 0;

	if (merge->path_length + length + 2 > sizeof(merge->path))
		return -ENAMETOOLONG;
	if (!first)
		merge->path[merge->path_length++] = '/';
	memcpy(merge->path + merge->path_length, name, length + 1);
	merge->path_length += length;
	return 0;
}

void merge_path_cut(struct merge *merge, size_t length)
{
	merge->path_length = length;
	merge->path[length] = 0;
}

void merge_allow_descriptors(rlim_t count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= count)
		return;
	limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
	setrlimit(RLIMIT_NOFILE, &limit);
}
