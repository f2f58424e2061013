/* The `pack` role's archive: what the walk in pack.c writes with pack_tar.c. */
#ifndef SAMPAN_PACK_H
#define SAMPAN_PACK_H

#include <sys/stat.h>

#include "tree.h"

/* One entry of a tar archive. */
struct pack_entry {
	const char *path; /* relative, without a trailing slash */
	const char *link; /* target of a symbolic or hard link, else NULL */
	char type;	  /* of the header: '0' file, '1' hard link, '2' symlink, '3' '4' devices, '5' directory, '6' fifo */
	const struct stat *status;
	const struct xattrs *xattrs;
};

/* Writes the header, with a pax header before it for what does not fit. 0 or -errno. */
int pack_header(const struct pack_entry *entry);

/* Writes `size` bytes of the file and the filler after them; zeros where it has become shorter meanwhile. */
int pack_data(int file, uint64_t size);

/* The end of the archive, and all that is still waiting. */
int pack_finish(void);

#endif
