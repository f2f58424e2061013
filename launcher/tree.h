/* Work on file trees by descriptors: nothing here ever follows a symbolic link. Results are 0 (or a descriptor) or -errno. */
#ifndef SAMPAN_TREE_H
#define SAMPAN_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode.h"

/* What getdents64 fills in. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* Calls `each` for every entry of the directory but "." and "..", from its current position; stops at the first error. */
int each_entry(int directory, int (*each)(void *context, const struct entry *entry), void *context);

/* openat2 with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS, close-on-exec. */
int open_beneath(int directory, const char *path, int flags);

/* Removes whatever `name` is, with all below it; missing is fine. A mount point in the way fails with EBUSY. */
int remove_tree(int parent, const char *name);

/* Removes all that is in the directory. */
int empty_tree(int directory);

/* Extended attributes as one block: for each a name, NUL, the length of the value (u32), the value. */
struct xattrs {
	uint8_t *data;
	size_t size;
	size_t capacity;
	bool marks; /* read those of the overlay file system, too */
};

/* Parses alternating names and hexadecimal values. EINVAL: not that; E2BIG: more than the capacity. */
int xattrs_parse(struct xattrs *out, const struct texts *list);

/* The attribute by which a directory hides all below it; user.overlay.opaque in a user namespace. */
const char *overlay_opaque(void);

/* Whether the directory has it. */
bool is_opaque(int directory);

/*
 * Reads all attributes of `name` in the working directory but the marks of overlay, sorted; for a layer also without
 * user.overlay.* and the label of SELinux.
 */
int xattrs_read(struct xattrs *out, const char *name, bool layer);

/* Sets them on the descriptor, or on `name` in the working directory when it is not NULL (a symlink itself). */
int xattrs_write(const struct xattrs *from, int fd, const char *name);

/* Removes all attributes of `name` in the working directory that may be removed, but the marks of overlay. */
int xattrs_clear(const char *name);

/* Sends the fail record of a tree role. Returns the exit status 125. */
int tree_failure(int report, uint32_t step, int error, const char *path);

#endif
