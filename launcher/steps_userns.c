/* A user namespace that nobody lives in: the two maps of an id-mapped mount. */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "kernel.h"
#include "proc.h"
#include "steps.h"

/* The namespace is there as long as its process is, which ends with the other side of the channel. */
static void __attribute__((noreturn)) live_until_end(const int channel[2])
{
	char byte;
	close(channel[0]);
	while (read(channel[1], &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static int write_map(struct run *run, pid_t pid, const char *file, const struct text *map)
{
	char path[64];
	at(run, file);
	snprintf(path, sizeof path, "%d/%s", pid, file);
	return proc_write(path, map->text, map->len);
}

/* A descriptor of the namespace, once its maps are written. */
static int map_and_open(struct run *run, int pidfd, const struct step_userns *step)
{
	char path[64];
	pid_t pid = proc_pid_of(pidfd);
	int result = pid < 0 ? pid : write_map(run, pid, "gid_map", &step->gid_map);
	if (!result)
		result = write_map(run, pid, "uid_map", &step->uid_map);
	if (result)
		return result;
	at(run, "ns/user");
	snprintf(path, sizeof path, "%d/ns", pid);
	int dir = proc_open(path, O_PATH | O_DIRECTORY);
	if (dir < 0)
		return dir;
	int fd = openat(dir, "user", O_RDONLY | O_CLOEXEC);
	result = fd < 0 ? -errno : fd;
	close(dir);
	return result;
}

int step_userns(struct run *run, const void *body)
{
	const struct step_userns *step = body;
	int channel[2], pidfd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0)
		return -errno;
	struct kernel_clone_args args = { .flags = KERNEL_CLONE_NEWUSER | KERNEL_CLONE_PIDFD,
					  .pidfd = (uintptr_t)&pidfd,
					  .exit_signal = SIGCHLD };
	long pid = SYS_RESULT(SYS_clone3, &args, sizeof args);
	if (pid == 0)
		live_until_end(channel);
	close(channel[1]);
	int result = pid < 0 ? (int)pid : map_and_open(run, pidfd, step);
	close(channel[0]);
	if (pid > 0) {
		while (waitpid((pid_t)pid, NULL, __WALL) < 0 && errno == EINTR)
			;
		close(pidfd);
	}
	return slot_put(run, step->out, result);
}
