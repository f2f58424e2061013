/* The `pack` role: a tree, or what it changes of another one, as a tar archive or as a list. */
#ifndef SAMPAN_PACK_H
#define SAMPAN_PACK_H

#include <sys/stat.h>

#include "merge.h"

/* One entry of a tar archive. */
struct pack_entry {
	const char *path; /* relative, without a trailing slash */
	const char *link; /* target of a symbolic or hard link, else NULL */
	char type;	  /* of the header: '0' file, '1' hard link, '2' symlink, '3' '4' devices, '5' directory, '6' fifo */
	const struct stat *status;
	const struct xattrs *xattrs;
};

/* pack_tar.c. Writes the header, with a pax header before it for what does not fit. 0 or -errno. */
int pack_header(const struct pack_entry *entry);

/* Writes `size` bytes of the file and the filler after them; zeros where it has become shorter meanwhile. */
int pack_data(int file, uint64_t size);

/* Writes bytes as they are, for a list; NULL stands for zeros. */
int pack_bytes(const void *bytes, size_t size);

/* The end of what is waiting, after the archive's own end for an archive. */
int pack_finish(bool archive);

/* pack_names.c: the names in a directory, sorted by their bytes. They are given back in the reverse order. */
struct names {
	const char **items;
	size_t count;
	size_t before; /* what was in use */
};

int names_read(int directory, struct names *out);
void names_release(const struct names *names);

/* An object as it was found; fd is an O_PATH descriptor, or -1 for nothing. */
struct object {
	int fd;
	struct stat status;
};

/*
 * pack_same.c. Opens what a directory holds under the name; a whiteout, unless `marks`, and a name that is missing, is nothing. From
 * here on it is this object that is looked at, whatever the name leads to by now. 0 or -errno.
 */
int object_open(int directory, const char *name, bool marks, struct object *out);

/* Opens a regular file that was found to be one: a device in its place would never be opened. */
int object_read(const struct object *object);

/*
 * 1 when the objects that two directories hold under one name look and read the same, 0 when they do not, or -errno.
 * Times do not count unless `timed`. The attributes of the upper one are left in `xattrs`.
 */
int object_same(const int directories[2], const char *name, const struct object objects[2], bool timed,
		struct xattrs *xattrs);

#endif
