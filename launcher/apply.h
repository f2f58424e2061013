/* The `apply` role: its state, and how a path of the stream becomes a parent descriptor and a last component. */
#ifndef SAMPAN_APPLY_H
#define SAMPAN_APPLY_H

#include <limits.h>
#include <time.h>

#include "steps.gen.h"
#include "tree.h"

struct apply {
	int target;
	/* The directory that the last path was found in; -1 for none. */
	int parent;
	bool parent_inherits; /* what is made in it takes over its group (setgid) */
	size_t parent_length;
	char parent_path[PATH_MAX];
	/* The regular file being filled; fd is -1 when there is none. */
	struct {
		int fd;
		uint64_t size;
		uint64_t extent;
		struct timespec times[2];
		struct xattrs xattrs;
	} file;
	struct xattrs xattrs; /* of the step at hand */
	struct {
		uint8_t *data;
		size_t used;
	} times;
	bool keep_kinds; /* a directory stays one, and so does what is none */
	bool ended;
	bool sync;
};

#define NO_MODE UINT32_MAX /* a symlink has none */

struct attributes {
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	const struct timespec *times; /* NULL: they are set later */
	const struct xattrs *xattrs;
};

/* One object: a name in the apply state's parent directory. */
struct place {
	int parent;
	const char *name;
	bool inherits;
};

/*
 * Splits path and opens its parent, making it when it is missing. The descriptor is the cache's; a path that is the
 * target itself gives the name ".". -EXDEV: absolute or with "..".
 */
int apply_place(struct apply *state, const char *path, struct place *out);

/* The same for an object that is made anew: it cannot be the target itself (-EISDIR). */
int apply_object(struct apply *state, const char *path, struct place *out);

/* Access and modification time from the stream's fields; seconds before 1970 are two's complement. */
void apply_times(struct timespec times[2], uint64_t seconds, uint32_t nanoseconds);

/* Opens the directory `path` below the target; with make, directories that are missing are made. */
int apply_directory(int target, const char *path, bool make);

/* Removes what is at the place. The cached parent may be part of it, so `out` is found anew. */
int apply_vacate(struct apply *state, const char *path, struct place *out);

/* Sets owner, mode (unless the object was made with it), xattrs and times of the object at the place. */
int apply_attributes(const struct place *place, const struct attributes *wanted, bool fresh);

#endif
