/*
 * Paths inside a container's tree. The tree is hostile: every lookup is done by the kernel below a root descriptor
 * (RESOLVE_IN_ROOT), and what is made is made one component at a time below a descriptor of its parent.
 */
#ifndef SAMPAN_INROOT_H
#define SAMPAN_INROOT_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Opens an existing path with the flags of open(2); symlinks lead to places inside the root. */
int inroot_open(int root, const char *path, uint64_t flags);

/* The same, O_PATH, without any symlink on the way (ELOOP): what has that name is meant, wherever links lead by now. */
int inroot_straight(int root, const char *path);

struct inroot_owner {
	mode_t mode; /* of directories and files that are made */
	uid_t uid;
	gid_t gid;
};

/* The last component of a path, and a descriptor (O_PATH) of the directory that holds it. */
struct inroot_place {
	int parent;
	char name[256];
};

/* Makes all directories of path but the last; place->parent is to be closed by the caller. EINVAL for the root itself. */
int inroot_parent(int root, const char *path, const struct inroot_owner *owner, struct inroot_place *place);

/* Makes the whole path as directories where it does not exist and opens it O_PATH. */
int inroot_directory(int root, const char *path, const struct inroot_owner *owner);

/* Makes one directory below parent, or takes an existing one, and opens it O_PATH; ELOOP for a symlink. */
int inroot_make_directory(int parent, const char *name, const struct inroot_owner *owner);

/* Opens what the place names, O_PATH, whatever it is; a symlink is not followed. */
int inroot_object(const struct inroot_place *place);

/* Makes a regular file there when nothing is, and opens it O_PATH without following a symlink. */
int inroot_file(const struct inroot_place *place, const struct inroot_owner *owner);

/* chmod of what the descriptor holds, O_PATH too. */
int inroot_mode(int fd, mode_t mode);
/* Sets the owner and mode of what an O_PATH descriptor holds, where they differ. */
int inroot_own(int fd, const struct inroot_owner *owner);

#endif
