/* Steps on mounts. */
#include <string.h>
#include <sys/mount.h>

#include "kernel.h"
#include "steps.h"

#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif

/* The kernel's own words about a failed file system context: "e message" per read. */
static void keep_messages(struct run *run, int context)
{
	struct failure *failure = &run->failure;
	while (failure->detail_length + 2 < sizeof failure->detail) {
		char *end = failure->detail + failure->detail_length;
		ssize_t got = read(context, end, sizeof failure->detail - failure->detail_length);
		if (got <= 2)
			return;
		/* The level letter says no more than that there is a message. */
		memmove(end, end + 2, (size_t)got - 2);
		failure->detail_length += (size_t)got - 2;
	}
}

static int configure(int context, unsigned command, const char *key, const char *value)
{
	return (int)SYS_RESULT(SYS_fsconfig, context, command, key, value, 0);
}

static int set_option(int context, const char *option)
{
	char key[256];
	const char *equals = strchr(option, '=');
	if (!equals)
		return configure(context, KERNEL_FS_SET_FLAG, option, NULL);
	size_t length = (size_t)(equals - option);
	if (length >= sizeof key)
		return -ENAMETOOLONG;
	memcpy(key, option, length);
	key[length] = 0;
	return configure(context, KERNEL_FS_SET_STRING, key, equals + 1);
}

static int configure_all(struct run *run, int context, const struct step_fsmount *step)
{
	at(run, step->source.len ? step->source.text : step->fstype.text);
	int result = step->source.len ? configure(context, KERNEL_FS_SET_STRING, "source", step->source.text) : 0;
	for (uint32_t i = 0; !result && i < step->options.count; i++) {
		result = set_option(context, step->options.items[i]);
		if (result)
			at(run, step->options.items[i]);
	}
	return result ? result : configure(context, KERNEL_FS_CREATE, NULL, NULL);
}

int step_fsmount(struct run *run, const void *body)
{
	const struct step_fsmount *step = body;
	at(run, step->fstype.text);
	int context = (int)SYS_RESULT(SYS_fsopen, step->fstype.text, 1 /* FSOPEN_CLOEXEC */);
	if (context < 0)
		return context;
	int result = configure_all(run, context, step);
	if (!result)
		result = (int)SYS_RESULT(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, step->attrs);
	if (result < 0)
		keep_messages(run, context);
	close(context);
	return slot_put(run, step->out, result);
}

int step_tree(struct run *run, const void *body)
{
	const struct step_tree *step = body;
	at(run, step->path.text);
	int dir = slot_dir(run, step->dir);
	if (dir == -EBADF)
		return dir;
	unsigned flags = KERNEL_TREE_CLONE | (step->recursive ? AT_RECURSIVE : 0) |
			 (step->nofollow ? AT_SYMLINK_NOFOLLOW : 0) | (step->path.len ? 0 : AT_EMPTY_PATH);
	return slot_put(run, step->out, sys_open_tree(dir, step->path.text, flags));
}

int step_mount_attr(struct run *run, const void *body)
{
	const struct step_mount_attr *step = body;
	struct kernel_mount_attr attr = { .set = step->set, .clear = step->clear, .propagation = step->propagation };
	int mount = slot_fd(run, step->slot);
	if (mount < 0)
		return mount;
	if (step->userns != NO_SLOT) {
		int userns = slot_fd(run, step->userns);
		if (userns < 0)
			return userns;
		attr.set |= KERNEL_ATTR_IDMAP;
		attr.userns_fd = (uint64_t)userns;
	}
	return sys_mount_setattr(mount, "", AT_EMPTY_PATH | (step->recursive ? AT_RECURSIVE : 0), &attr);
}

int step_attach(struct run *run, const void *body)
{
	const struct step_attach *step = body;
	int mount = slot_fd(run, step->mount), target = slot_fd(run, step->target);
	if (mount < 0 || target < 0)
		return -EBADF;
	return sys_move_mount(mount, target, "", KERNEL_MOVE_TO_EMPTY);
}

int step_attach_at(struct run *run, const void *body)
{
	const struct step_attach_at *step = body;
	at(run, step->path.text);
	int mount = slot_fd(run, step->mount);
	return mount < 0 ? mount : sys_move_mount(mount, AT_FDCWD, step->path.text, KERNEL_MOVE_TO_SYMLINKS);
}

static const char *or_null(const struct text *text)
{
	return text->len ? text->text : NULL;
}

int step_mount(struct run *run, const void *body)
{
	const struct step_mount *step = body;
	int back = -1;
	at(run, step->target.text);
	if (step->dir != NO_SLOT) {
		int dir = slot_fd(run, step->dir);
		if (dir < 0)
			return dir;
		back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (back < 0 || fchdir(dir) < 0)
			return -errno;
	}
	int result = 0;
	if (mount(step->source.text, step->target.text, or_null(&step->fstype), step->flags, or_null(&step->data)) < 0)
		result = -errno;
	if (back >= 0) {
		if (fchdir(back) < 0 && !result)
			result = -errno;
		close(back);
	}
	return result;
}

int step_umount(struct run *run, const void *body)
{
	const struct step_umount *step = body;
	at(run, step->path.text);
	return umount2(step->path.text, (int)step->flags) < 0 ? -errno : 0;
}

int step_chroot(struct run *run, const void *body)
{
	const struct step_chroot *step = body;
	int root = slot_fd(run, step->root);
	if (root < 0)
		return root;
	return fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0 ? -errno : 0;
}

int step_pivot(struct run *run, const void *body)
{
	const struct step_pivot *step = body;
	int root = slot_fd(run, step->root);
	if (root < 0)
		return root;
	int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old < 0)
		return -errno;
	int result = 0;
	/* The old root is stacked over the new one. It is made a slave first, so that taking it off stays our own. */
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || fchdir(old) < 0 ||
	    mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		result = -errno;
	close(old);
	return result;
}

int step_propagation(struct run *run, const void *body)
{
	const struct step_propagation *step = body;
	at(run, "/");
	return mount(NULL, "/", NULL, step->flags, NULL) < 0 ? -errno : 0;
}

int step_remount_root(struct run *run, const void *body)
{
	(void)body;
	const struct kernel_mount_attr attr = { .set = KERNEL_ATTR_RDONLY };
	at(run, "/");
	return sys_mount_setattr(AT_FDCWD, "/", 0, &attr);
}
