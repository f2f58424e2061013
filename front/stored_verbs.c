/* The verbs after `create`, for a container whose state was stored in a form that needs no thinking. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stored.h"

#define RECORD_HEAD 24
#define MOST_REPORT (1u << 20)
#define KIND_FAIL 1
#define KIND_WARN 2

/* The text behind the line "state", with \1 for the pid and \2 for the status. */
static const char *state_text(const struct container *container)
{
	const char *at = strstr((char *)container->answers.at, "\nstate\n");
	return at ? at + sizeof "\nstate\n" - 1 : NULL;
}

static const char *status_of(const struct container *container)
{
	if (!container->alive)
		return "stopped";
	if (is_paused(container))
		return "paused";
	return container->waits ? "created" : "running";
}

int stored_state(const struct line *line)
{
	struct container container;
	if (!open_container(line, &container))
		return NOT_DONE;
	const char *text = state_text(&container), *status = status_of(&container);
	struct bytes out = { 0 };
	char pid[12];
	snprintf(pid, sizeof pid, "%d", container.alive ? container.pid : 0);
	for (; text && *text; text++) {
		const char *value = *text == 1 ? pid : *text == 2 ? status : NULL;
		put(&out, value ? value : text, value ? strlen(value) : 1);
	}
	if (out.bad || out.size == 0)
		return NOT_DONE;
	/* What cannot be written is for the TypeScript to tell, as long as nothing was. */
	signal(SIGPIPE, SIG_IGN);
	ssize_t written = write(1, out.at, out.size);
	return written == (ssize_t)out.size ? 0 : written < 0 ? NOT_DONE : 1;
}

/* Everything that init reports until it executes its program or ends. */
static struct bytes read_report(int fd)
{
	struct bytes report = { 0 };
	uint8_t part[4096];
	while (report.size < MOST_REPORT && !report.bad) {
		ssize_t got = read(fd, part, sizeof part);
		if (got == 0)
			break;
		if (got > 0)
			put(&report, part, (size_t)got);
		else if (errno == EAGAIN)
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1);
		else if (errno != EINTR)
			break;
	}
	return report;
}

static bool is_told(struct bytes report)
{
	while (report.size >= RECORD_HEAD) {
		struct bytes record = report;
		uint32_t size = take_u32(&record), kind = take_u32(&record) & 0xffff;
		if (kind == KIND_FAIL || kind == KIND_WARN || size < RECORD_HEAD)
			return true;
		take(&report, size);
		if (report.bad)
			return true;
	}
	return false;
}

int stored_start(const struct line *line)
{
	struct container container;
	if (!open_container(line, &container) || !container.waits || !can(&container, "start") || is_paused(&container))
		return NOT_DONE;
	/* An init that is killed at this moment is no reason to end without a word. */
	signal(SIGPIPE, SIG_IGN);
	int in = openat(container.directory, "report", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	int go = in < 0 ? -1 : openat(container.directory, "go", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (go < 0 || write(go, "", 1) != 1)
		return NOT_DONE;
	close(go);
	struct bytes report = read_report(in);
	if (is_told(report)) {
		handed_over.report = report.at;
		handed_over.report_size = report.size;
		return NOT_DONE;
	}
	unlinkat(container.directory, "go", 0);
	return 0;
}

static int signal_of(const char *word)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {
		{ "KILL", SIGKILL }, { "TERM", SIGTERM }, { "INT", SIGINT },   { "HUP", SIGHUP },   { "QUIT", SIGQUIT },
		{ "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "STOP", SIGSTOP }, { "CONT", SIGCONT },
	};
	if (!word)
		return SIGTERM;
	size_t size = strspn(word, "0123456789");
	if (size > 0 && size < 3 && !word[size])
		return atoi(word) <= 64 ? atoi(word) : -1;
	if (strncmp(word, "SIG", 3) == 0)
		word += 3;
	for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
		if (strcmp(word, signals[i].name) == 0)
			return signals[i].number;
	return -1;
}

int stored_kill(const struct line *line)
{
	struct container container;
	int signal = signal_of(line->signal);
	if (signal <= 0 || !open_container(line, &container) || !container.alive || !can(&container, "kill"))
		return NOT_DONE;
	/* A kill reaches no process that is held, until it is let go. */
	if (signal == SIGKILL && is_paused(&container))
		return NOT_DONE;
	int init = open_init(&container);
	if (init < 0)
		return NOT_DONE;
	return syscall(SYS_pidfd_send_signal, init, signal, NULL, 0) == 0 ? 0 : NOT_DONE;
}

static bool remove_group(const char *path)
{
	return rmdir(path) == 0 || errno == ENOENT;
}

static bool is_file(const struct dirent *entry)
{
	return entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN;
}

static bool is_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
}

/* With a directory in there nothing is touched. The pid goes last, as by it the container is known to have ended. */
static bool remove_files(int container)
{
	int fd = openat(container, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	bool flat = directory != NULL;
	for (struct dirent *entry; flat && (entry = readdir(directory));)
		flat = is_file(entry) || is_dots(entry);
	if (!flat)
		return false;
	rewinddir(directory);
	for (struct dirent *entry; (entry = readdir(directory));)
		if (is_file(entry) && strcmp(entry->d_name, "pid") != 0)
			unlinkat(container, entry->d_name, 0);
	unlinkat(container, "pid", 0);
	return true;
}

/* What was set aside of one of that name is for the TypeScript to finish. */
static bool has_half_made(const struct line *line)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/.%s", line->root, line->id);
	return access(path, F_OK) == 0;
}

int stored_delete(const struct line *line)
{
	struct container container;
	char path[4096];
	if (!open_container(line, &container) || container.alive || !can(&container, "delete"))
		return NOT_DONE;
	if (line->force && has_half_made(line))
		return NOT_DONE;
	if (!each_group(&container, remove_group) || !remove_files(container.directory))
		return NOT_DONE;
	snprintf(path, sizeof path, "%s/%s", line->root, line->id);
	return rmdir(path) == 0 ? 0 : NOT_DONE;
}
