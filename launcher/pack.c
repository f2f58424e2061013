/*
 * The `pack` role: launcher pack BASE_FD REPORT_FD FORM UPPER LOWER POINT [SKIP...]. Writes to standard output what UPPER
 * holds and LOWER does not. docs/plan.md tells of the arguments.
 */
#include "pack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "report.h"
#include "roles.h"

enum { DEPTH_MAX = 2000, DESCRIPTORS = 2 * DEPTH_MAX + 64, OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY };

static struct {
	struct merge walk;
	char form; /* 'a' archive, 'l' layer with whiteouts, 'm' archive with overlay's marks, 'n' names */
	/* A first walk only notes which files with several names have changed: all their names go into the layer. */
	bool noting;
	const char *as; /* what the next object is called in place of its name */
	char **skipped;
	int skips;
} pack;

/* One pair of directories; [0] is the upper one, [1] the lower one or -1. */
struct level {
	struct level *above;
	int sides[2];
	struct stat status;
	size_t path_length;
	char kind;    /* added or changed */
	bool whole;   /* the upper one hides the lower one: what it lacks is deleted */
	bool written; /* it is in the archive */
};

static int put_name(char kind)
{
	int error = pack_bytes(&kind, 1);

	return error == 0 ? pack_bytes(pack.walk.path, strlen(pack.walk.path) + 1) : error;
}

/* What is at the path, as it was found; the file is open for a regular one. */
static int put_entry(char kind, char type, const struct stat *status, const char *link)
{
	const char *path = pack.walk.path[0] == 0 ? "." : pack.walk.path;
	const char *name = strrchr(path, '/');
	const struct pack_entry entry = { path, link, type, status, &pack.walk.xattrs };

	if (pack.form == 'n')
		return put_name(kind);
	if (pack.form == 'l' && kind != 'D' && strncmp(name == NULL ? path : name + 1, ".wh.", 4) == 0)
		return -EILSEQ; /* it would be read as the mark of a deletion */
	return pack_header(&entry);
}

static int put_directory(struct level *level)
{
	char *end = pack.walk.path + level->path_length, kept = *end;
	int error = fchdir(level->sides[0]) < 0 ? -errno : xattrs_read(&pack.walk.xattrs, ".", true);

	level->written = true;
	*end = 0;
	if (error == 0)
		error = put_entry(level->kind, '5', &level->status, NULL);
	if (error == 0)
		*end = kept;
	return error;
}

/* A layer brings the directories above what it changes: some who unpack it would make up their attributes. */
static int put_above(struct level *level)
{
	int error = 0;

	if (level->written)
		return 0;
	if (level->above != NULL)
		error = put_above(level->above);
	return error == 0 ? put_directory(level) : error;
}

static int put_whiteout(struct level *level, const char *name)
{
	static const struct stat nothing = { .st_mode = S_IFREG | 0600 };
	size_t before = pack.walk.path_length;
	char mark[NAME_MAX + 8];
	int error = pack.noting ? 0 : put_above(level);

	if (error < 0 || pack.noting)
		return error;
	snprintf(mark, sizeof(mark), "%s%s", pack.form == 'n' ? "" : ".wh.", name);
	pack.walk.xattrs.size = 0;
	error = merge_path_push(&pack.walk, mark);
	if (error == 0)
		error = put_entry('D', '0', &nothing, NULL);
	if (error == 0)
		merge_path_cut(&pack.walk, before);
	return error;
}

static int put_regular(char kind, const struct object *object)
{
	int file = pack.form == 'n' ? -1 : object_read(object);
	int error = file < 0 && pack.form != 'n' ? file : put_entry(kind, '0', &object->status, NULL);

	if (error == 0 && file >= 0)
		error = pack_data(file, (uint64_t)object->status.st_size);
	if (file >= 0)
		close(file);
	return error;
}

static int put_symlink(char kind, const struct object *object)
{
	char to[PATH_MAX];
	ssize_t length = readlinkat(object->fd, "", to, sizeof(to) - 1);

	if (length < 0)
		return -errno;
	to[length] = 0;
	return put_entry(kind, '2', &object->status, to);
}

static char type_of(mode_t mode)
{
	return S_ISCHR(mode) ? '3' : S_ISBLK(mode) ? '4' : '6';
}

static int put_object(struct level *level, const char *name, const struct object *object, char kind, const char *first)
{
	int error = put_above(level);

	if (error == 0)
		error = fchdir(level->sides[0]) < 0 ? -errno : xattrs_read(&pack.walk.xattrs, name, true);
	if (error < 0)
		return error == -ENOENT ? 0 : error;
	if (first != NULL && first[0] != 0) {
		pack.walk.xattrs.size = 0;
		return put_entry(kind, '1', &object->status, first);
	}
	if (S_ISREG(object->status.st_mode))
		error = put_regular(kind, object);
	else if (S_ISLNK(object->status.st_mode))
		error = put_symlink(kind, object);
	else
		error = put_entry(kind, type_of(object->status.st_mode), &object->status, NULL);
	return error == 0 && object->status.st_nlink > 1 ? merge_remember(&pack.walk, &object->status) : error;
}

/* Notes the file as changed, under no name yet. */
static int note(const struct stat *status)
{
	size_t length = pack.walk.path_length;
	char kept = pack.walk.path[0];
	int error;

	merge_path_cut(&pack.walk, 0);
	error = merge_find(&pack.walk, status) == NULL ? merge_remember(&pack.walk, status) : 0;
	pack.walk.path[0] = kept;
	pack.walk.path_length = length;
	return error;
}

static int pack_object(struct level *level, const char *name, const struct object objects[2])
{
	bool linked = objects[0].status.st_nlink > 1;
	const char *first = linked && !pack.noting ? merge_find(&pack.walk, &objects[0].status) : NULL;
	int same = pack.noting && !linked ? 1 : object_same(level->sides, name, objects, true, &pack.walk.xattrs);

	if (same < 0 || (same > 0 && first == NULL))
		return same < 0 ? same : 0;
	if (pack.noting)
		return note(&objects[0].status);
	return put_object(level, name, &objects[0], objects[1].fd < 0 ? 'A' : 'C', first);
}

/* Who starts a container may make places to mount on in the directory: its time says nothing. */
static bool holds_skipped(void)
{
	for (int i = 0; i < pack.skips; i++) {
		const char *slash = strrchr(pack.skipped[i], '/');
		size_t length = slash == NULL ? 0 : (size_t)(slash - pack.skipped[i]);

		if (length == pack.walk.path_length && memcmp(pack.skipped[i], pack.walk.path, length) == 0)
			return true;
	}
	return false;
}

static bool is_skipped(void)
{
	for (int i = 0; i < pack.skips; i++)
		if (strcmp(pack.skipped[i], pack.walk.path) == 0)
			return true;
	return false;
}

static int pack_level(struct level *level);

static int pack_directory(struct level *above, const char *name, const struct object objects[2])
{
	struct level level = { .above = above, .sides = { -1, -1 }, .path_length = pack.walk.path_length };
	bool below = objects[1].fd >= 0 && S_ISDIR(objects[1].status.st_mode);
	int error, same = 1;

	level.sides[0] = open_beneath(above->sides[0], name, OPEN_DIRECTORY);
	if (level.sides[0] < 0)
		return level.sides[0] == -ENOENT ? 0 : level.sides[0];
	if (below)
		level.sides[1] = open_beneath(above->sides[1], name, OPEN_DIRECTORY);
	error = fstat(level.sides[0], &level.status) < 0 ? -errno : below && level.sides[1] < 0 ? level.sides[1] : 0;
	level.kind = objects[1].fd < 0 ? 'A' : 'C';
	level.whole = above->whole || is_opaque(level.sides[0]);
	if (error == 0 && !pack.noting)
		same = object_same(above->sides, name, objects, !holds_skipped(), &pack.walk.xattrs);
	if (error == 0 && same <= 0)
		error = same < 0 ? same : put_above(&level);
	if (error == 0)
		error = pack_level(&level);
	for (int i = 0; i < 2; i++)
		if (level.sides[i] >= 0)
			close(level.sides[i]);
	return error;
}

/* What has gone meanwhile is left out: a container may be running. So are sockets, which no archive holds. */
static int pack_name(struct level *level, const char *name)
{
	struct object objects[2] = { { .fd = -1 }, { .fd = -1 } };
	size_t before = pack.walk.path_length;
	int error = merge_path_push(&pack.walk, pack.as != NULL ? pack.as : name);

	pack.as = NULL;
	if (error == 0 && is_skipped()) {
		merge_path_cut(&pack.walk, before);
		return 0;
	}
	for (int i = 0; i < 2 && error == 0; i++)
		if (level->sides[i] >= 0)
			error = object_open(level->sides[i], name, pack.form == 'm', &objects[i]);
	if (error < 0)
		return error;
	if (objects[0].fd >= 0 && S_ISDIR(objects[0].status.st_mode))
		error = pack_directory(level, name, objects);
	else if (objects[0].fd >= 0 && !S_ISSOCK(objects[0].status.st_mode))
		error = pack_object(level, name, objects);
	else if (objects[1].fd >= 0) {
		merge_path_cut(&pack.walk, before);
		error = put_whiteout(level, name);
	}
	for (int i = 0; i < 2; i++)
		if (objects[i].fd >= 0)
			close(objects[i].fd);
	if (error == 0)
		merge_path_cut(&pack.walk, before); /* else it says where we were */
	return error;
}

static int pack_level(struct level *level)
{
	struct names names[2] = { 0 };
	size_t at[2] = { 0, 0 };
	int error = ++pack.walk.depth > DEPTH_MAX ? -ELOOP : names_read(level->sides[0], &names[0]);

	if (error == 0 && level->whole && level->sides[1] >= 0)
		error = names_read(level->sides[1], &names[1]);
	while (error == 0 && (at[0] < names[0].count || at[1] < names[1].count)) {
		int order = at[0] == names[0].count   ? 1
			    : at[1] == names[1].count ? -1
						      : strcmp(names[0].items[at[0]], names[1].items[at[1]]);
		const char *name = order <= 0 ? names[0].items[at[0]] : names[1].items[at[1]];

		at[0] += order <= 0;
		at[1] += order >= 0;
		error = pack_name(level, name);
	}
	if (error == 0)
		names_release(&names[0]);
	pack.walk.depth--;
	return error;
}

/* A mount namespace of our own, and in it a descriptor of the same directory. */
static int go_apart(int base)
{
	if (fchdir(base) < 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	base = open(".", OPEN_DIRECTORY | O_CLOEXEC);
	return base < 0 ? -errno : base;
}

/* One directory; or several, top first, laid over each other by the kernel. */
static int open_view(int base, const char *layers, const char *point)
{
	static char options[4096];
	int fd;

	if (strchr(layers, ':') == NULL)
		return open_beneath(base, layers, OPEN_DIRECTORY);
	if ((size_t)snprintf(options, sizeof(options), "%sindex=off,lowerdir=%s",
			     overlay_opaque()[0] == 'u' ? "userxattr," : "redirect_dir=off,metacopy=off,", layers) >=
	    sizeof(options))
		return -E2BIG;
	if (fchdir(base) < 0 || mount("overlay", point, "overlay", MS_RDONLY, options) < 0)
		return -errno;
	fd = open(point, OPEN_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The root is told only when it is another than below, or than one that nobody has told of; its time says nothing. */
static int pack_root(struct level *root)
{
	struct stat below = { .st_mode = S_IFDIR | 0755 };
	struct stat *status = &root->status;

	if (fstat(root->sides[0], status) < 0 || (root->sides[1] >= 0 && fstat(root->sides[1], &below) < 0))
		return -errno;
	if (status->st_mode == below.st_mode && status->st_uid == below.st_uid && status->st_gid == below.st_gid)
		return 0;
	return put_directory(root);
}

static int pack_all(struct level *root, bool compared)
{
	int error = 0;

	if (compared) {
		pack.noting = true;
		error = pack_level(root);
		pack.noting = false;
	}
	if (error == 0)
		error = pack_root(root);
	root->written = true;
	if (error == 0)
		error = pack_level(root);
	return error == 0 ? pack_finish(pack.form != 'n') : error;
}

static int pack_one(struct level *root, const char *name, const char *as)
{
	int error;

	if (name[0] == 0 || strlen(name) > NAME_MAX || strchr(name, '/') != NULL || as[0] == 0)
		return -EINVAL;
	root->written = true; /* of what holds it nothing is told */
	pack.as = as;
	error = pack_name(root, name);
	return error == 0 ? pack_finish(true) : error;
}

int pack_main(int argc, char **argv)
{
	static uint8_t xattrs[XATTRS_MAX];
	int base = descriptor_argument(argc >= 8 ? argv[2] : NULL);
	int report = descriptor_argument(argc >= 8 ? argv[3] : NULL);
	struct level root = { .sides = { -1, -1 }, .kind = 'C' };
	bool one;
	int error;

	if (base < 0 || report < 0 || argv[7][0] != '/')
		return EXIT_REFUSED;
	pack.form = argv[4][0];
	root.whole = argv[4][0] != 0 && argv[4][1] != 'o';
	one = argv[4][0] != 0 && argv[4][1] == 'e';
	pack.skipped = argv + 8;
	pack.skips = argc - 8;
	pack.walk.xattrs = (struct xattrs){ xattrs, 0, sizeof(xattrs), pack.form == 'm' };
	merge_allow_descriptors(DESCRIPTORS);
	error = merge_links_init(&pack.walk);
	if (error == 0 && !one && (strchr(argv[5], ':') != NULL || strchr(argv[6], ':') != NULL)) {
		base = go_apart(base);
		error = base < 0 ? base : 0;
	}
	if (one)
		root.sides[0] = base;
	for (int i = 0; i < 2 && error == 0 && !one; i++)
		if (argv[5 + i][0] != 0) {
			root.sides[i] = open_view(base, argv[5 + i], argv[7]);
			error = root.sides[i] < 0 ? root.sides[i] : 0;
		}
	if (error == 0 && one)
		error = pack_one(&root, argv[5], argv[6]);
	else if (error == 0)
		error = root.sides[0] < 0 ? -EINVAL : pack_all(&root, root.sides[1] >= 0);
	return error == 0 ? 0 : tree_failure(report, NO_STEP, error, pack.walk.path);
}
