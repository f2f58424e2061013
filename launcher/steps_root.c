/* Steps that make things in the container's tree. */
#include <string.h>
#include <sys/sysmacros.h>

#include "inroot.h"
#include "kernel.h"
#include "steps.h"

static const struct inroot_owner parents = { .mode = 0755 };

static bool same_object(int a, int b)
{
	struct stat left, right;
	return fstat(a, &left) == 0 && fstat(b, &right) == 0 && left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

/* The file to bind over: an existing one (of any kind) may be reached through symlinks inside the root. */
static int make_file(int root, const struct step_mkpath *step, const struct inroot_owner *owner)
{
	struct inroot_place place;
	int fd = inroot_open(root, step->path.text, O_PATH);
	if (fd != -ENOENT)
		return fd;
	int result = inroot_parent(root, step->path.text, &parents, &place);
	if (result)
		return result;
	fd = inroot_file(&place, owner);
	close(place.parent);
	struct stat stat;
	/* A symlink that leads nowhere (else the lookup above had found its target). */
	if (fd >= 0 && fstat(fd, &stat) == 0 && S_ISLNK(stat.st_mode)) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

/* The last component may be a symlink that somebody puts there at any moment, so it is opened as none. */
static int make_nofollow(int root, const struct step_mkpath *step, const struct inroot_owner *owner)
{
	struct inroot_place place;
	struct stat stat;
	int result = inroot_parent(root, step->path.text, &parents, &place);
	if (result)
		return result;
	int fd = step->kind ? inroot_file(&place, owner) : inroot_make_directory(place.parent, place.name, owner);
	close(place.parent);
	if (fd >= 0 && fstat(fd, &stat) == 0 && S_ISLNK(stat.st_mode)) {
		close(fd);
		return -ELOOP;
	}
	return fd;
}

static int check_kind(int root, const struct step_mkpath *step, int fd)
{
	struct stat stat;
	if (fstat(fd, &stat) < 0)
		return -errno;
	if (!step->kind && !S_ISDIR(stat.st_mode))
		return -ENOTDIR;
	if (step->kind && S_ISDIR(stat.st_mode))
		return -EISDIR;
	return !step->root_ok && same_object(root, fd) ? -EINVAL : 0;
}

int step_mkpath(struct run *run, const void *body)
{
	const struct step_mkpath *step = body;
	const char *path = step->path.text;
	at(run, path);
	int root = slot_fd(run, step->root);
	if (root < 0)
		return root;
	const struct inroot_owner owner = { .mode = step->mode, .uid = step->uid, .gid = step->gid };
	int fd = step->nofollow ? make_nofollow(root, step, &owner) :
		 step->kind	? make_file(root, step, &owner) :
				  inroot_directory(root, path, &owner);
	if (fd < 0)
		return fd;
	int result = check_kind(root, step, fd);
	if (result || step->out == NO_SLOT) {
		close(fd);
		return result;
	}
	return slot_put(run, step->out, fd);
}

static int check_node(int fd, const struct step_mknod *step)
{
	struct stat stat;
	if (fstat(fd, &stat) < 0)
		return -errno;
	if ((stat.st_mode & S_IFMT) != (step->mode & S_IFMT))
		return -EEXIST;
	bool device = S_ISCHR(stat.st_mode) || S_ISBLK(stat.st_mode);
	return device && stat.st_rdev != makedev(step->major, step->minor) ? -EEXIST : 0;
}

int step_mknod(struct run *run, const void *body)
{
	const struct step_mknod *step = body;
	const struct inroot_owner owner = { .mode = step->mode & 07777, .uid = step->uid, .gid = step->gid };
	struct inroot_place place;
	at(run, step->path.text);
	int root = slot_fd(run, step->root);
	if (root < 0)
		return root;
	mode_t type = step->mode & S_IFMT;
	if (type != S_IFCHR && type != S_IFBLK && type != S_IFIFO)
		return -EINVAL;
	int result = inroot_parent(root, step->path.text, &parents, &place);
	if (result)
		return result;
	bool made = mknodat(place.parent, place.name, step->mode, makedev(step->major, step->minor)) == 0;
	int fd = !made && errno != EEXIST ? -errno : inroot_object(&place);
	close(place.parent);
	if (fd < 0)
		return fd;
	result = check_node(fd, step);
	if (!result)
		result = inroot_own(fd, &owner);
	close(fd);
	return result;
}

static int equal_link(const struct inroot_place *place, const char *target)
{
	char found[4096];
	ssize_t length = readlinkat(place->parent, place->name, found, sizeof found);
	if (length < 0 || (size_t)length != strlen(target) || memcmp(found, target, (size_t)length) != 0)
		return -EEXIST;
	return 0;
}

int step_symlink(struct run *run, const void *body)
{
	const struct step_symlink *step = body;
	struct inroot_place place;
	at(run, step->path.text);
	int root = slot_fd(run, step->root);
	if (root < 0)
		return root;
	int result = inroot_parent(root, step->path.text, &parents, &place);
	if (result)
		return result;
	if (symlinkat(step->target.text, place.parent, place.name) < 0)
		result = errno == EEXIST ? equal_link(&place, step->target.text) : -errno;
	close(place.parent);
	return result;
}

static int send_contents(struct run *run, const char *path, int fd, uint32_t max, off_t total)
{
	char part[REPORT_MAX];
	size_t head = 24 + strlen(path);
	size_t room = head < sizeof part / 2 ? sizeof part - head : sizeof part / 2;
	for (uint32_t done = 0;;) {
		size_t wanted = max - done < room ? max - done : room;
		ssize_t got = wanted ? read(fd, part, wanted) : 0;
		if (got < 0)
			return -errno;
		/* An empty file is one record without contents. */
		if (got > 0 || done == 0)
			report_step(run, REPORT_DATA, (int32_t)total, path, part, (size_t)got);
		if (got == 0)
			return 0;
		done += (uint32_t)got;
	}
}

int step_read_file(struct run *run, const void *body)
{
	const struct step_read_file *step = body;
	const char *path = step->path.text;
	struct stat stat;
	at(run, path);
	int root = slot_fd(run, step->root);
	if (root < 0)
		return root;
	/* Looked at before it is opened: opening a device or a fifo may do something. */
	int fd = inroot_open(root, path, O_PATH);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	bool regular = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode);
	close(fd);
	if (!regular)
		return -EINVAL;
	fd = inroot_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fd;
	int result = -EINVAL;
	if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
		result = send_contents(run, path, fd, step->max, stat.st_size);
	close(fd);
	return result;
}
