/* The end of a container: its status is on disk before anybody is told. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor.h"
#include "roles.h"

static char text[512];

const char *exit_text(void)
{
	return text;
}

/* Writes the file aside, then puts it in its place: whoever sees it sees all of it, and so will the next boot. */
int write_aside(const char *name, const void *data, size_t length, bool durable)
{
	char aside[64];
	int directory, error = 0;
	int fd;

	*put_text(put_text(aside, name), ".new") = 0;
	fd = open(aside, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	errno = ENOSPC;
	if (pwrite(fd, data, length, 0) != (ssize_t)length || ftruncate(fd, (off_t)length) < 0 ||
	    (durable && fsync(fd) < 0) || rename(aside, name) < 0)
		error = -errno;
	close(fd);
	if (!durable)
		return error;
	directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory >= 0 && fsync(directory) < 0 && error == 0)
		error = -errno;
	close(directory);
	return error;
}

/* What the kernel counted for the container, by the names that `exit` has for it; each hierarchy has some. */
static const struct figure {
	const char *file, *key, *name;
} figures[] = {
	{ "/memory.oom_control", "oom_kill ", "oom_kills=" }, { "/memory.events", "oom_kill ", "oom_kills=" },
	{ "/memory.max_usage_in_bytes", "", "memory_peak=" }, { "/memory.peak", "", "memory_peak=" },
	{ "/memory.limit_in_bytes", "", "memory_limit=" }, { "/memory.max", "", "memory_limit=" },
	{ "/pids.events", "max ", "pids_refused=" }, { "/pids.max", "", "pids_limit=" },
};

enum { OOM_FIGURES = 2 };

/* Appends those of the figures that count something. */
static char *put_figures(char *at, const struct texts *cgroups, size_t from, size_t to)
{
	char path[PATH_MAX];

	for (size_t i = from; i < to; i++)
		for (uint32_t group = 0; group < cgroups->count; group++) {
			int64_t value = -1;

			if (strlen(cgroups->items[group]) < PATH_MAX - 32) {
				*put_text(put_text(path, cgroups->items[group]), figures[i].file) = 0;
				value = read_number(AT_FDCWD, path, figures[i].key);
			}
			if (value <= 0)
				continue;
			at = put_field(at, figures[i].name, (uint64_t)value);
			break;
		}
	return at;
}

/* exit_text() as docs/monitor.md describes it, on disk. */
static void write_exit(struct monitor *monitor, int code, int signal)
{
	const struct texts *cgroups = &monitor->config->cgroup;
	char kills[64], *kills_end = put_figures(kills, cgroups, 0, OOM_FIGURES);
	char *at = text;

	if (monitor->finished < monitor->started)
		monitor->finished = monitor->started;
	at = put_field(at, "code=", (uint64_t)code);
	at = put_field(at, "signal=", (uint64_t)signal);
	at = put_field(at, "oom=", kills_end > kills);
	at = put_field(at, "started=", monitor->started);
	at = put_field(at, "finished=", monitor->finished);
	if (monitor->again)
		at = put_field(at, "restarting=", (uint64_t)monitor->delay_ms);
	if (monitor->error != 0)
		at = put_field(at, "error=", (uint64_t)monitor->error);
	*kills_end = 0;
	at = put_text(at, kills);
	/* The rest explains failures (`why`); a success need not wait for it. */
	if (code != 0 || kills_end > kills)
		at = put_figures(at, cgroups, OOM_FIGURES, sizeof(figures) / sizeof(figures[0]));
	monitor->exit_length = (uint32_t)(at - text);
	monitor->exit_lost = write_aside("exit", text, monitor->exit_length, monitor->config->ephemeral == 0) < 0;
}

/* The same as a line of the journal. */
static void note_exit(const struct monitor *monitor, const char *name)
{
	char line[sizeof(text) + 16];
	char *at = put_text(line, name);

	for (uint32_t i = 0; i < monitor->exit_length; i++)
		*at++ = text[i] == '\n' ? ' ' : text[i];
	at[-1] = 0;
	journal_line(monitor->finished, line);
}

static int signal_of(const struct monitor *monitor)
{
	return WIFSIGNALED(monitor->init_status) ? WTERMSIG(monitor->init_status) : 0;
}

int exit_code(const struct monitor *monitor)
{
	return signal_of(monitor) > 0 ? 128 + signal_of(monitor) : WEXITSTATUS(monitor->init_status);
}

void conclude(struct monitor *monitor)
{
	log_end(&monitor->log);
	restart_decide(monitor, exit_code(monitor));
	write_exit(monitor, exit_code(monitor), signal_of(monitor));
	note_exit(monitor, "exited ");
	if (monitor->again)
		restart_note(monitor);
	for (int i = 0; i < CLIENTS; i++)
		monitor->attended |= monitor->clients[i].fd >= 0 && monitor->clients[i].starter;
	clients_send(monitor, FRAME_EXITED, text, monitor->exit_length);
	monitor->phase = LEAVING;
}

void conclude_waiting(struct monitor *monitor)
{
	monitor->again = false;
	write_exit(monitor, exit_code(monitor), signal_of(monitor));
	clients_send(monitor, FRAME_EXITED, text, monitor->exit_length);
	monitor->phase = LEAVING;
	monitor->since_ms = clock_ms();
}

/* Ends what the failed launch may have left, if it is still our child: a number alone could be anybody's by now. */
static void kill_init(const struct monitor *monitor)
{
	siginfo_t information;

	if (monitor->init <= 1 || monitor->init_ended)
		return;
	if (waitid(P_PID, (id_t)monitor->init, &information, WEXITED | WNOHANG | WNOWAIT) < 0)
		return;
	kill(monitor->init, SIGKILL);
	waitpid(monitor->init, NULL, 0);
}

void conclude_failure(struct monitor *monitor)
{
	kill_init(monitor);
	monitor->finished = clock_ns();
	monitor->started = 0;
	monitor->again = false;
	write_aside("failure", launch_failure(monitor), monitor->failure_length, monitor->config->ephemeral == 0);
	write_exit(monitor, EXIT_STEP_FAILED, 0);
	note_exit(monitor, "failed ");
	clients_send(monitor, FRAME_FAILED, launch_failure(monitor), monitor->failure_length);
	monitor->phase = LEAVING;
	monitor->since_ms = clock_ms();
	monitor_tell_ready(monitor, EXIT_STEP_FAILED);
}
