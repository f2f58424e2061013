/* Starting the container: the launch role in a child, what it gets, and its end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "monitor.h"
#include "roles.h"

static void move_to(int from, int to)
{
	if (from < 0)
		return;
	dup2(from, to); /* not close-on-exec */
}

/* In the child: descriptors in their places, then the launch role. */
static void become_launch(struct child_ends *ends, pid_t monitor, int sockets)
{
	static char *argv[4 + SOCKETS + 2] = { "launcher", "launch", "3", "4" };
	static char numbers[SOCKETS + 1][4];
	static char *env[] = { NULL };
	int *all[] = { &ends->stdio[0], &ends->stdio[1], &ends->stdio[2], &ends->plan, &ends->report, &ends->console };
	struct report record = { .kind = REPORT_FAIL, .step = NO_STEP, .path = "/proc/self/exe" };

	restore_process();
	/* A launch without its monitor would make a container that nobody looks after. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != monitor)
		_exit(EXIT_STEP_FAILED);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (*all[i] >= 0)
			*all[i] = fcntl(*all[i], F_DUPFD_CLOEXEC, 64);
	for (int i = 0; i < 3; i++)
		move_to(ends->stdio[i], i);
	move_to(ends->plan, 3);
	move_to(ends->report, 4);
	move_to(ends->console, FIRST_SOCKET + sockets);
	for (int i = 0; i < sockets + (ends->console >= 0); i++) {
		fcntl(FIRST_SOCKET + i, F_SETFD, 0);
		put_number(numbers[i], (uint64_t)(FIRST_SOCKET + i));
		argv[4 + i] = numbers[i];
	}
	execve("/proc/self/exe", argv, env);
	record.value = errno;
	report_send(4, &record);
	_exit(EXIT_STEP_FAILED);
}

int half_pipe(int ours, int *mine, int *theirs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fcntl(ends[ours], F_SETFL, O_NONBLOCK);
	*mine = ends[ours];
	*theirs = ends[1 - ours];
	return 0;
}

static int open_ends(struct monitor *monitor, struct child_ends *ends)
{
	const struct step_monitor *config = monitor->config;
	int pair[2];
	int error;

	ends->plan = open(config->plan.text, O_RDONLY | O_CLOEXEC);
	if (ends->plan < 0)
		return -errno;
	error = half_pipe(0, &monitor->launch_report, &ends->report);
	if (config->tty != 0) {
		if (error == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
			return -errno;
		monitor->console = pair[0];
		ends->console = pair[1];
		return error;
	}
	if (error == 0 && config->stdin_ != 0)
		error = half_pipe(1, &monitor->input, &ends->stdio[0]);
	if (error == 0)
		error = half_pipe(0, &monitor->output[0], &ends->stdio[1]);
	if (error == 0)
		error = half_pipe(0, &monitor->output[1], &ends->stdio[2]);
	return error;
}

void close_ends(const struct child_ends *ends)
{
	const int all[] = { ends->stdio[0], ends->stdio[1], ends->stdio[2], ends->plan, ends->report, ends->console };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] >= 0)
			close(all[i]);
}

pid_t launch_child(struct child_ends *ends, int sockets)
{
	pid_t self = getpid(), child = fork();

	if (child == 0)
		become_launch(ends, self, sockets);
	return child < 0 ? -errno : child;
}

int launch_start(struct monitor *monitor)
{
	struct child_ends ends = NO_ENDS;
	int error = open_ends(monitor, &ends);

	monitor->phase = LAUNCHING;
	if (error == 0)
		error = monitor->launch = launch_child(&ends, monitor->sockets);
	close_ends(&ends);
	if (error < 0) {
		launch_failed(monitor, -error, monitor->config->plan.text);
		monitor->launch_ended = true;
		if (monitor->launch_report >= 0)
			close(monitor->launch_report);
		monitor->launch_report = -1;
	}
	return error;
}

void console_ready(struct monitor *monitor, int place, short events)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char byte[64];
	struct iovec part = { byte, sizeof(byte) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t count = recvmsg(monitor->console, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = count < 0 ? NULL : CMSG_FIRSTHDR(&message);

	(void)place, (void)events;
	close(monitor->console);
	monitor->console = -1;
	if (header == NULL || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
		return;
	memcpy(&monitor->output[0], CMSG_DATA(header), sizeof(int));
	fcntl(monitor->output[0], F_SETFL, O_RDWR | O_NONBLOCK);
	monitor->input = fcntl(monitor->output[0], F_DUPFD_CLOEXEC, 3);
	if (monitor->rows > 0)
		resize_terminal(monitor, monitor->rows, monitor->columns);
}

void children_ready(struct monitor *monitor, int place, short events)
{
	struct signalfd_siginfo information;
	int status;
	pid_t pid;

	while (read(monitor->signals, &information, sizeof(information)) > 0)
		continue;
	/* What was reported before a process ended is taken before its end. */
	launch_report_ready(monitor, place, events);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == monitor->launch && !monitor->launch_ended) {
			monitor->launch_ended = true;
			monitor->launch_status = status;
		} else if (pid == monitor->init && !monitor->init_ended) {
			monitor->init_ended = true;
			monitor->init_status = status;
			monitor->finished = clock_ns();
			health_stop(monitor);
		} else if (pid == monitor->health.pid)
			health_check_ended(monitor, status);
	}
}
