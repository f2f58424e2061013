/* Steps that lay a mount over something in the container's tree: masks, read-only paths, device binds. */
#include <sys/sysmacros.h>

#include "inroot.h"
#include "kernel.h"
#include "steps.h"

/*
 * A clone of the mount laid over target. Before Linux 6.15 a detached mount cannot be cloned: then it is moved there
 * itself, and being attached from then on it can be cloned for the next target.
 */
static int cover(int target, int mount)
{
	int clone = sys_open_tree(mount, "", KERNEL_TREE_CLONE | AT_EMPTY_PATH);
	if (clone == -EINVAL)
		return sys_move_mount(mount, target, "", KERNEL_MOVE_TO_EMPTY);
	if (clone < 0)
		return clone;
	int result = sys_move_mount(clone, target, "", KERNEL_MOVE_TO_EMPTY);
	close(clone);
	return result;
}

/* What hides a file must be the real null device, whatever lies at that path (CVE-2025-31133). */
static int check_null(int fd)
{
	struct stat stat;
	if (fstat(fd, &stat) < 0)
		return -errno;
	return S_ISCHR(stat.st_mode) && stat.st_rdev == makedev(1, 3) ? 0 : -ENODEV;
}

int step_mask(struct run *run, const void *body)
{
	const struct step_mask *step = body;
	struct stat stat;
	at(run, step->path.text);
	int root = slot_fd(run, step->root);
	if (root < 0)
		return root;
	int target = inroot_open(root, step->path.text, O_PATH);
	if (target < 0)
		return target == -ENOENT ? 0 : target;
	int result = fstat(target, &stat) < 0 ? -errno : 0;
	bool directory = S_ISDIR(stat.st_mode);
	int mount = slot_fd(run, directory ? step->empty : step->null_);
	if (!result && mount < 0)
		result = mount;
	if (!result && !directory)
		result = check_null(mount);
	if (!result)
		result = cover(target, mount);
	close(target);
	return result;
}

int step_readonly(struct run *run, const void *body)
{
	const struct step_readonly *step = body;
	const struct kernel_mount_attr attr = { .set = KERNEL_ATTR_RDONLY };
	at(run, step->path.text);
	int root = slot_fd(run, step->root);
	if (root < 0)
		return root;
	int target = inroot_open(root, step->path.text, O_PATH);
	if (target < 0)
		return target == -ENOENT ? 0 : target;
	int clone = sys_open_tree(target, "", KERNEL_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);
	int result = clone < 0 ? clone : sys_mount_setattr(clone, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr);
	if (!result)
		result = sys_move_mount(clone, target, "", KERNEL_MOVE_TO_EMPTY);
	if (clone >= 0)
		close(clone);
	close(target);
	return result;
}

int step_bind_device(struct run *run, const void *body)
{
	const struct step_bind_device *step = body;
	const struct inroot_owner parents = { .mode = 0755 }, file = { .mode = 0666 };
	struct inroot_place place;
	struct stat stat;
	at(run, step->path.text);
	int root = slot_fd(run, step->root), source = slot_fd(run, step->source);
	if (root < 0 || source < 0)
		return -EBADF;
	int result = inroot_parent(root, step->path.text, &parents, &place);
	if (result)
		return result;
	int target = inroot_file(&place, &file);
	close(place.parent);
	if (target < 0)
		return target;
	result = fstat(target, &stat) < 0 ? -errno : 0;
	if (!result && (S_ISLNK(stat.st_mode) || S_ISDIR(stat.st_mode)))
		result = S_ISLNK(stat.st_mode) ? -ELOOP : -EISDIR;
	if (!result)
		result = cover(target, source);
	close(target);
	return result;
}
