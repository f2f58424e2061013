/* The state of the `merge` role, and the parts of it that do not walk. */
#ifndef SAMPAN_MERGE_H
#define SAMPAN_MERGE_H

#include <sys/resource.h>
#include <sys/stat.h>

#include "tree.h"

enum { PATH_ROOM = 256 * 1024, XATTRS_MAX = 256 * 1024 };

struct merge {
	int target;
	unsigned depth;
	char path[PATH_ROOM]; /* of the object at hand, below the target */
	size_t path_length;
	struct xattrs xattrs;
	struct {
		uint8_t *data;
		size_t used;
	} links;
};

/* merge_links.c: source files with several names, so that the copies share one file as well. */
int merge_links_init(struct merge *merge);
/* The path that was remembered for the inode, or NULL. */
const char *merge_find(const struct merge *merge, const struct stat *status);
/* Links the copy made before to `name`; -ENOENT when there is none yet. */
int merge_link(struct merge *merge, int target, const char *name, const struct stat *status);
int merge_remember(struct merge *merge, const struct stat *status);
int merge_path_push(struct merge *merge, const char *name);
void merge_path_cut(struct merge *merge, size_t length);
/* A walk holds directories open at every level. */
void merge_allow_descriptors(rlim_t count);

/*
 * Copies what is in one directory to an empty one, and with `attributes` those of the directory itself. For a process
 * of its own: its working directory, umask and limits change, and what it opens stays open.
 */
int merge_copy(int source, int target, bool attributes);

/* Copies one object that is no directory, with its attributes; the target has nothing of the name. */
int merge_one(struct merge *merge, int source, int target, const char *name, const struct stat *status);

/* copy.c: copies a regular file's data, sharing blocks where the file system can and keeping holes. */
int copy_data(int from, int to, uint64_t size);

#endif
