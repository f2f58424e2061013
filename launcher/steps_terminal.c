/* Steps on the terminal and the standard descriptors. */
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "inroot.h"
#include "kernel.h"
#include "steps.h"

#define DEVPTS_MAGIC 0x1cd1
#define PTMX_INODE 2

/*
 * The container may have put anything at /dev/pts/ptmx (CVE-2025-52565): the directory must be of a devpts, and what
 * is opened in it without leaving that mount must be its ptmx.
 */
static int open_ptmx(int root)
{
	const uint64_t how = KERNEL_RESOLVE_BENEATH | KERNEL_RESOLVE_NO_XDEV | KERNEL_RESOLVE_NO_SYMLINKS;
	struct statfs fs;
	struct stat stat;
	int directory = inroot_open(root, "dev/pts", O_PATH | O_DIRECTORY);
	if (directory < 0)
		return directory;
	int fd = -ENODEV;
	if (fstatfs(directory, &fs) == 0 && fs.f_type == DEVPTS_MAGIC)
		fd = sys_openat2(directory, "ptmx", O_RDWR | O_NOCTTY, 0, how);
	close(directory);
	if (fd < 0)
		return fd;
	if (fstat(fd, &stat) == 0 && S_ISCHR(stat.st_mode) && stat.st_rdev == makedev(5, 2) &&
	    stat.st_ino == PTMX_INODE && fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_MAGIC)
		return fd;
	close(fd);
	return -ENODEV;
}

static int bind_console(int root, int peer)
{
	const struct inroot_owner parents = { .mode = 0755 }, console = { .mode = 0600 };
	struct inroot_place place;
	struct stat stat;
	int result = inroot_parent(root, "dev/console", &parents, &place);
	if (result)
		return result;
	int target = inroot_file(&place, &console);
	close(place.parent);
	if (target < 0)
		return target;
	result = fstat(target, &stat) < 0 ? -errno : S_ISLNK(stat.st_mode) ? -ELOOP : S_ISDIR(stat.st_mode) ? -EISDIR : 0;
	int clone = result ? result : sys_open_tree(peer, "", KERNEL_TREE_CLONE | AT_EMPTY_PATH);
	if (clone >= 0) {
		result = sys_move_mount(clone, target, "", KERNEL_MOVE_TO_EMPTY);
		close(clone);
	} else
		result = clone;
	close(target);
	return result;
}

static int prepare_peer(const struct step_pty *step, int master, int peer)
{
	const struct winsize size = { .ws_row = (unsigned short)step->rows, .ws_col = (unsigned short)step->columns };
	if (step->rows && step->columns && ioctl(master, TIOCSWINSZ, &size) < 0)
		return -errno;
	return fchown(peer, step->uid, (gid_t)-1) < 0 ? -errno : 0;
}

int step_pty(struct run *run, const void *body)
{
	const struct step_pty *step = body;
	int locked = 0;
	at(run, "/dev/pts/ptmx");
	int root = slot_fd(run, step->root);
	if (root < 0)
		return root;
	int result = slot_put(run, step->master, open_ptmx(root));
	if (result)
		return result;
	int master = run->slots[step->master].fd;
	if (ioctl(master, TIOCSPTLCK, &locked) < 0)
		return -errno;
	/* By the terminal itself, never by the number of a path. */
	int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	result = slot_put(run, step->peer, peer < 0 ? -errno : peer);
	if (!result)
		result = prepare_peer(step, master, peer);
	if (result || step->no_console)
		return result;
	at(run, "/dev/console");
	return bind_console(root, peer);
}

int step_controlling_tty(struct run *run, const void *body)
{
	const struct step_controlling_tty *step = body;
	int fd = slot_fd(run, step->slot);
	if (fd < 0)
		return fd;
	return ioctl(fd, TIOCSCTTY, 0) < 0 ? -errno : 0;
}

int step_stdio(struct run *run, const void *body)
{
	const struct step_stdio *step = body;
	const int32_t slots[] = { step->in, step->out, step->err };
	for (int number = 0; number <= 2; number++) {
		if (slots[number] == NO_SLOT)
			continue;
		int fd = slot_fd(run, slots[number]);
		if (fd < 0)
			return fd;
		if (dup2(fd, number) < 0)
			return -errno;
	}
	return 0;
}

int step_chown_stdio(struct run *run, const void *body)
{
	(void)run;
	const struct step_chown_stdio *step = body;
	for (int fd = 0; fd <= 2; fd++) {
		struct stat stat;
		/* Never a device: the terminal of the caller would be open to that user of the host, and for good. */
		if (fstat(fd, &stat) < 0 || !(S_ISFIFO(stat.st_mode) || S_ISSOCK(stat.st_mode)))
			continue;
		/* A pipe of somebody else may refuse; the program can use it all the same. */
		int refused = fchown(fd, step->uid, (gid_t)-1);
		(void)refused;
	}
	return 0;
}
