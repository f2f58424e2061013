/* What is left of a container after its end: the processes in its cgroups, and the cgroups. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor.h"
#include "tree.h"

enum { REMOVE_MS = 2000, PAUSE_MAX_US = 50 * 1000, DEPTH_MAX = 32 };

struct group {
	int directory;
	int depth;
	int64_t deadline_ms;
};

static bool put(int directory, const char *file, const char *value)
{
	int fd = openat(directory, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	bool done = fd >= 0 && write(fd, value, strlen(value)) > 0;

	if (fd >= 0)
		close(fd);
	return done;
}

/* Kills every process in the list but ourselves; whether there was any. */
static bool kill_listed(int directory, const char *file)
{
	char list[4096], *end;
	bool any = false;
	int fd = openat(directory, file, O_RDONLY | O_CLOEXEC);
	/* One read gives whole numbers; what does not fit is met the next time round. */
	ssize_t length = fd < 0 ? 0 : read(fd, list, sizeof(list) - 1);
	long pid;

	if (fd >= 0)
		close(fd);
	list[length < 0 ? 0 : length] = 0;
	for (char *at = list; (pid = strtol(at, &end, 10)) > 0; at = end)
		if (pid > 1 && pid != getpid())
			any |= kill((pid_t)pid, SIGKILL) == 0;
	return any;
}

/* Kills every process of the group but ourselves. */
static void kill_group(int directory)
{
	if (put(directory, "cgroup.kill", "1"))
		return;
	kill_listed(directory, "cgroup.procs");
	put(directory, "freezer.state", "THAWED"); /* the frozen cannot die */
}

static void remove_group(int parent, const char *name, int depth, int64_t deadline_ms);

static int remove_child(void *context, const struct entry *entry)
{
	const struct group *group = context;

	if (entry->type == DT_DIR)
		remove_group(group->directory, entry->name, group->depth + 1, group->deadline_ms);
	return 0;
}

static void remove_group(int parent, const char *name, int depth, int64_t deadline_ms)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct group group = { fd, depth, deadline_ms };
	unsigned pause = 500;

	if (fd < 0)
		return;
	kill_group(fd);
	if (depth < DEPTH_MAX)
		each_entry(fd, remove_child, &group);
	while (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno == EBUSY && clock_ms() < deadline_ms) {
		usleep(pause);
		pause = 2 * pause < PAUSE_MAX_US ? 2 * pause : PAUSE_MAX_US;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		kill_group(fd);
	}
	close(fd);
}

int64_t cgroups_number(const struct texts *directories, const char *file, const char *key)
{
	char path[PATH_MAX];
	int64_t most = -1;

	for (uint32_t i = 0; i < directories->count; i++) {
		int64_t number = -1;

		if (strlen(directories->items[i]) <= PATH_MAX - 32) {
			*put_text(put_text(path, directories->items[i]), file) = 0;
			number = read_number(AT_FDCWD, path, key);
		}
		most = number > most ? number : most;
	}
	return most;
}

/* A number that is not there counts as 0: FROZEN and FREEZING on version 1. */
bool cgroups_held(const struct texts *directories)
{
	return cgroups_number(directories, "/freezer.state", "FR") == 0 ||
	       cgroups_number(directories, "/cgroup.freeze", "1") == 0;
}

void cgroup_remove(const char *directory)
{
	remove_group(AT_FDCWD, directory, 0, 0);
}

/* What is in no group, or none was to be had: a helper of the network, and what outlived init is our child by now. */
static void children_end(int64_t deadline_ms)
{
	while (kill_listed(AT_FDCWD, "/proc/thread-self/children") && clock_ms() < deadline_ms) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		usleep(500);
	}
}

void container_end(const struct texts *directories)
{
	int64_t deadline_ms = clock_ms() + REMOVE_MS;

	for (uint32_t i = 0; i < directories->count; i++)
		remove_group(AT_FDCWD, directories->items[i], 0, deadline_ms);
	children_end(deadline_ms);
}
