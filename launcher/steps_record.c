/* Steps that tell other programs of the host about this one: the pid file, a unix socket. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "kernel.h"
#include "proc.h"
#include "steps.h"

static int connect_to(int fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char by_descriptor[40];
	int inode = -1;
	if (strlen(path) >= sizeof address.sun_path) {
		/* Too long for an address, but not for a descriptor. */
		inode = open(path, O_PATH | O_CLOEXEC);
		if (inode < 0)
			return -errno;
		snprintf(by_descriptor, sizeof by_descriptor, "/proc/self/fd/%d", inode);
		path = by_descriptor;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	int result = connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
	if (inode >= 0)
		close(inode);
	return result;
}

int step_connect(struct run *run, const void *body)
{
	const struct step_connect *step = body;
	at(run, step->path.text);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int result = connect_to(fd, step->path.text);
	if (result) {
		close(fd);
		return result;
	}
	return slot_put(run, step->out, fd);
}

static int write_new_file(const char *path, const char *text, size_t length)
{
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	ssize_t written = write(fd, text, length);
	int result = written < 0 ? -errno : (size_t)written == length ? 0 : -EIO;
	if (close(fd) < 0 && !result)
		result = -errno;
	return result;
}

static int replace_file(const char *path, const char *text, size_t length)
{
	char aside[PATH_MAX];
	if ((size_t)snprintf(aside, sizeof aside, "%s.%d.new", path, getpid()) >= sizeof aside)
		return -ENAMETOOLONG;
	int result = write_new_file(aside, text, length);
	if (!result && rename(aside, path) < 0)
		result = -errno;
	if (result)
		unlink(aside);
	return result;
}

int step_pidfile(struct run *run, const void *body)
{
	const struct step_pidfile *step = body;
	char text[64];
	uint64_t ticks;
	if (step->path.len == 0)
		return 0;
	at(run, step->path.text);
	pid_t pid = slot_pid(run, step->pidfd);
	if (pid < 0)
		return pid;
	int length = snprintf(text, sizeof text, "%d", pid);
	if (step->starttime) {
		int result = proc_start_time(pid, &ticks);
		if (result)
			return result;
		length = snprintf(text, sizeof text, "%d %llu\n", pid, (unsigned long long)ticks);
	}
	return replace_file(step->path.text, text, (size_t)length);
}

int step_exit_file(struct run *run, const void *body)
{
	const struct step_exit_file *step = body;
	struct timespec now;
	char text[64];
	at(run, step->path.text);
	int fd = open(step->path.text, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	clock_gettime(CLOCK_REALTIME, &now);
	int length = snprintf(text, sizeof text, "%d %lld%09ld\n", run->exit_status, (long long)now.tv_sec, now.tv_nsec);
	int result = write(fd, text, (size_t)length) < 0 ? -errno : 0;
	close(fd);
	return result;
}
