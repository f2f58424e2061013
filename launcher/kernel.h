/*
 * Raw system calls that the C libraries lack or differ in, and their structures. All return a negative errno on
 * failure. The launcher has one thread, so calls that a C library spreads over threads are right as they are here.
 */
#ifndef SAMPAN_KERNEL_H
#define SAMPAN_KERNEL_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#define KERNEL_RESOLVE_NO_XDEV 0x01
#define KERNEL_RESOLVE_NO_MAGICLINKS 0x02
#define KERNEL_RESOLVE_NO_SYMLINKS 0x04
#define KERNEL_RESOLVE_BENEATH 0x08
#define KERNEL_RESOLVE_IN_ROOT 0x10

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#define KERNEL_TREE_CLONE 1
#define KERNEL_MOVE_FROM_EMPTY 0x04
#define KERNEL_MOVE_TO_SYMLINKS 0x10
#define KERNEL_MOVE_TO_EMPTY 0x40
#define KERNEL_ATTR_RDONLY 0x1
#define KERNEL_ATTR_IDMAP 0x100000
#define KERNEL_FS_SET_FLAG 0
#define KERNEL_FS_SET_STRING 1
#define KERNEL_FS_CREATE 6

#define KERNEL_CLONE_PIDFD 0x1000ull
#define KERNEL_CLONE_PARENT 0x8000ull
#define KERNEL_CLONE_NEWNS 0x20000ull
#define KERNEL_CLONE_NEWUSER 0x10000000ull
#define KERNEL_CLONE_CLEAR_SIGHAND 0x100000000ull
#define KERNEL_CLONE_INTO_CGROUP 0x200000000ull

struct kernel_open_how {
	uint64_t flags, mode, resolve;
};

struct kernel_mount_attr {
	uint64_t set, clear, propagation, userns_fd;
};

struct kernel_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

#define SYS_RESULT(...) sys_result(syscall(__VA_ARGS__))

static inline long sys_result(long result)
{
	return result < 0 ? -errno : result;
}

/* A call that may lose a race against renames (EAGAIN) is repeated, but not for ever. */
#define RESOLVE_ATTEMPTS 128

static inline int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct kernel_open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };
	long fd = -EAGAIN;
	for (int attempt = 0; attempt < RESOLVE_ATTEMPTS && (fd == -EAGAIN || fd == -EINTR); attempt++)
		fd = SYS_RESULT(SYS_openat2, dir, path, &how, sizeof how);
	return (int)fd;
}

static inline int sys_open_tree(int dir, const char *path, unsigned flags)
{
	return (int)SYS_RESULT(SYS_open_tree, dir, path, flags | O_CLOEXEC);
}

static inline int sys_move_mount(int from, int to_dir, const char *to_path, unsigned to_flags)
{
	return (int)SYS_RESULT(SYS_move_mount, from, "", to_dir, to_path, KERNEL_MOVE_FROM_EMPTY | to_flags);
}

static inline int sys_mount_setattr(int dir, const char *path, unsigned flags, const struct kernel_mount_attr *attr)
{
	return (int)SYS_RESULT(SYS_mount_setattr, dir, path, flags, attr, sizeof *attr);
}

static inline int sys_close_range(unsigned first, unsigned last)
{
	return first > last ? 0 : (int)SYS_RESULT(SYS_close_range, first, last, 0);
}

static inline int sys_pidfd_open(pid_t pid)
{
	return (int)SYS_RESULT(SYS_pidfd_open, pid, 0);
}

static inline int sys_pidfd_signal(int pidfd, int signal)
{
	return (int)SYS_RESULT(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

#endif
