/* One container as it is now, from its files and from the kernel. What src/runtime/state/ does for the TypeScript. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stored.h"

#define MOST_ANSWERS (1u << 20)
#define ANSWERS_HEAD "sampan answers 1\n"
#define ANSWERS_END "}\nend\n"

/* Field 22 of /proc/PID/stat, of a process that is no zombie. */
static bool start_time_of(pid_t pid, char *out, size_t room)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	struct bytes stat = read_whole(AT_FDCWD, path, 65536);
	char *at = stat.bad ? NULL : strrchr((char *)stat.at, ')');
	if (!at || strlen(at) < 4 || at[2] == 'Z' || at[2] == 'X')
		return false;
	at += 2;
	for (int field = 3; at && field < 22; field++)
		if ((at = strchr(at, ' ')))
			at++;
	size_t size = at ? strcspn(at, " \n") : 0;
	if (size == 0 || size >= room)
		return false;
	memcpy(out, at, size);
	out[size] = 0;
	return true;
}

static bool read_pid(struct container *container)
{
	char *end;
	struct bytes file = read_whole(container->directory, "pid", 100);
	if (file.bad)
		return false;
	long pid = strtol((char *)file.at, &end, 10);
	size_t size = *end == ' ' ? strcspn(end + 1, "\n") : 0;
	if (pid <= 0 || pid > 0x7fffffff || size == 0 || size >= sizeof container->start_time)
		return false;
	container->pid = (pid_t)pid;
	memcpy(container->start_time, end + 1, size);
	container->start_time[size] = 0;
	return true;
}

static bool is_same_process(const struct container *container)
{
	char now[sizeof container->start_time];
	return start_time_of(container->pid, now, sizeof now) && strcmp(now, container->start_time) == 0;
}

/* A fifo without a reader refuses a writer that will not wait. */
static bool waits_at_fifo(int directory)
{
	int fd = openat(directory, "go", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool is_whole(struct bytes answers)
{
	size_t head = sizeof ANSWERS_HEAD - 1, end = sizeof ANSWERS_END - 1;
	return !answers.bad && answers.size > head + end && memcmp(answers.at, ANSWERS_HEAD, head) == 0 &&
	       memcmp(answers.at + answers.size - end, ANSWERS_END, end) == 0;
}

bool open_container(const struct line *line, struct container *container)
{
	char path[4096];
	*container = (struct container){ 0 };
	snprintf(path, sizeof path, "%s/%s", line->root, line->id);
	container->directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (container->directory < 0)
		return false;
	container->answers = read_whole(container->directory, "answers", MOST_ANSWERS);
	if (!is_whole(container->answers) || !read_pid(container))
		return false;
	/* The state is the last there is. */
	container->answers.at[container->answers.size - (sizeof "end\n" - 1)] = 0;
	container->alive = is_same_process(container);
	container->waits = container->alive && waits_at_fifo(container->directory);
	return true;
}

/* Lines "can kill start delete" and "group PATH", until the line "state". */
static const char *next_line(const struct container *container, const char *line, const char *key)
{
	size_t size = strlen(key);
	line = line ? strchr(line, '\n') : (char *)container->answers.at + sizeof ANSWERS_HEAD - 2;
	for (; line && strncmp(line + 1, "state\n", 6) != 0; line = strchr(line + 1, '\n'))
		if (strncmp(line + 1, key, size) == 0)
			return line + 1;
	return NULL;
}

bool can(const struct container *container, const char *verb)
{
	char word[32];
	const char *line = next_line(container, NULL, "can ");
	snprintf(word, sizeof word, " %s ", verb);
	const char *found = line ? strstr(line, word) : NULL;
	return found && found < strchr(line, '\n');
}

bool each_group(const struct container *container, bool (*act)(const char *path))
{
	char path[4096];
	for (const char *line = NULL; (line = next_line(container, line, "group "));) {
		size_t size = strcspn(line + 6, "\n");
		if (size >= sizeof path)
			return false;
		memcpy(path, line + 6, size);
		path[size] = 0;
		if (!act(path))
			return false;
	}
	return true;
}

/* The first group that has a freezer tells; it is listed first where its path gives it away. Each version has its own file. */
static bool paused;
static bool look_for_freezer(const char *group)
{
	static const char *const files[] = { "freezer.state", "cgroup.freeze" };
	char path[4200];
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", group, files[i]);
		struct bytes state = read_whole(AT_FDCWD, path, 100);
		if (state.bad)
			continue;
		paused = *state.at != 'T' && *state.at != '0';
		return false;
	}
	return true;
}

bool is_paused(const struct container *container)
{
	paused = false;
	each_group(container, look_for_freezer);
	return paused;
}

int open_init(const struct container *container)
{
	int fd = (int)syscall(SYS_pidfd_open, container->pid, 0);
	/* Only now is it sure that the number is still that process's. */
	if (fd >= 0 && is_same_process(container))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}
