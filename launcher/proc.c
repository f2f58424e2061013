#include "proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "kernel.h"

#define PROC_MAGIC 0x9fa0
#define PROC_ROOT_INODE 1
#define STAT_START_TIME 22

static int proc_root(void)
{
	int fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct stat stat;
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) == 0 && fstat(fd, &stat) == 0 && fs.f_type == PROC_MAGIC && stat.st_ino == PROC_ROOT_INODE)
		return fd;
	close(fd);
	return -EXDEV;
}

int proc_open(const char *path, int flags)
{
	int root = proc_root();
	if (root < 0)
		return root;
	int fd = sys_openat2(root, path, (uint64_t)flags, 0,
			     KERNEL_RESOLVE_BENEATH | KERNEL_RESOLVE_NO_XDEV | KERNEL_RESOLVE_NO_MAGICLINKS);
	close(root);
	return fd;
}

int proc_write(const char *path, const char *text, size_t length)
{
	int fd = proc_open(path, O_WRONLY);
	if (fd < 0)
		return fd;
	ssize_t written = write(fd, text, length);
	int result = written < 0 ? -errno : (size_t)written == length ? 0 : -EIO;
	close(fd);
	return result;
}

/* These files are made at each read; one read gets them whole. */
static int proc_read(const char *path, char *text, size_t size)
{
	int fd = proc_open(path, O_RDONLY);
	if (fd < 0)
		return fd;
	ssize_t got = read(fd, text, size - 1);
	int result = got < 0 ? -errno : 0;
	text[got < 0 ? 0 : got] = 0;
	close(fd);
	return result;
}

pid_t proc_pid_of(int pidfd)
{
	char path[64], text[1024];
	snprintf(path, sizeof path, "self/fdinfo/%d", pidfd);
	int result = proc_read(path, text, sizeof text);
	if (result)
		return result;
	const char *line = strstr(text, "\nPid:");
	long pid = line ? strtol(line + 5, NULL, 10) : 0;
	return pid > 0 ? (pid_t)pid : -ESRCH;
}

int proc_start_time(pid_t pid, uint64_t *ticks)
{
	char path[64], text[1024];
	snprintf(path, sizeof path, "%d/stat", pid);
	int result = proc_read(path, text, sizeof text);
	if (result)
		return result == -ENOENT ? -ESRCH : result;
	/* The second field is the name in parentheses, and may hold anything. */
	const char *field = strrchr(text, ')');
	for (int number = 2; field && number < STAT_START_TIME; number++)
		field = strchr(field + 1, ' ');
	if (!field)
		return -EPROTO;
	*ticks = strtoull(field, NULL, 10);
	return 0;
}
