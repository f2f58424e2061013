/* Steps on a container that runs: its mounts are found and taken off by descriptor, as its paths are its own to change. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "inroot.h"
#include "kernel.h"
#include "steps.h"

#define WANT_MOUNT_ID 0x1000u
#define ATTRIBUTE_MOUNT_ROOT 0x2000u

/* struct statx, as far as it is looked at; the kernel fills 256 bytes. */
struct kernel_statx {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint64_t unread[16];
	uint64_t mount_id;
	uint64_t more[13];
};

static int look(int fd, struct kernel_statx *found)
{
	return (int)SYS_RESULT(SYS_statx, fd, "", AT_EMPTY_PATH, WANT_MOUNT_ID, found);
}

static int check_mount(int root, int fd)
{
	struct kernel_statx at_root, here;
	int result = look(root, &at_root);
	if (!result)
		result = look(fd, &here);
	if (result)
		return result;
	return here.attributes & ATTRIBUTE_MOUNT_ROOT && here.mount_id != at_root.mount_id ? 0 : -EINVAL;
}

int step_open_mount(struct run *run, const void *body)
{
	const struct step_open_mount *step = body;
	at(run, step->path.text);
	int root = slot_fd(run, step->root);
	if (root < 0)
		return root;
	int fd = step->straight ? inroot_straight(root, step->path.text) : inroot_open(root, step->path.text, O_PATH);
	if (fd < 0)
		return fd;
	int result = check_mount(root, fd);
	if (!result)
		return slot_put(run, step->out, fd);
	close(fd);
	return result;
}

/* The magic link leads to the mount itself; no path of the container is looked up. */
static int take_off(struct run *run, int32_t fds, int32_t mount)
{
	char name[16];
	int dir = slot_fd(run, fds), fd = slot_fd(run, mount);
	if (dir < 0 || fd < 0)
		return -EBADF;
	snprintf(name, sizeof name, "%d", fd);
	return fchdir(dir) < 0 || umount2(name, 2 /* MNT_DETACH */) < 0 ? -errno : 0;
}

int step_detach(struct run *run, const void *body)
{
	const struct step_detach *step = body;
	return take_off(run, step->fds, step->mount);
}

int step_undo(struct run *run, const void *body)
{
	(void)run, (void)body;
	return 0;
}

int step_pidfd_of(struct run *run, const void *body)
{
	const struct step_pidfd_of *step = body;
	char text[16] = { 0 };
	at(run, step->path.text);
	int fd = open(step->path.text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	ssize_t got = read(fd, text, sizeof text - 1);
	close(fd);
	long pid = got > 0 ? strtol(text, NULL, 10) : 0;
	if (pid <= 0 || pid > INT32_MAX)
		return -EPROTO;
	int result = slot_put(run, step->out, sys_pidfd_open((pid_t)pid));
	if (!result)
		run->slots[step->out].pid = (pid_t)pid;
	return result;
}

void undo_steps(struct run *run, const struct program *program, uint32_t done)
{
	while (done-- > 0) {
		if (program->steps[done].shape->code != STEP_UNDO)
			continue;
		const struct step_undo *step = program->steps[done].body;
		take_off(run, step->fds, step->mount);
	}
}
