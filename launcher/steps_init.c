/* The init role: the first process of a container, when its program should not be that itself. */
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "kernel.h"
#include "roles.h"
#include "signals.h"
#include "steps.h"

/* Takes everything that has ended; returns the exit status once the child itself has, -1 before. */
static int reap_until(pid_t child)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return EXIT_STEP_FAILED;
		if (pid == 0)
			return -1;
		if (pid == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

static _Noreturn void be_init(int signals, pid_t child)
{
	for (;;) {
		struct signalfd_siginfo info;
		struct pollfd wait = { .fd = signals, .events = POLLIN };
		poll(&wait, 1, -1);
		while (read(signals, &info, sizeof info) == (ssize_t)sizeof info)
			if (signal_is_for_child((int)info.ssi_signo))
				kill(child, (int)info.ssi_signo);
		int status = reap_until(child);
		if (status >= 0)
			_exit(status);
	}
}

int step_init(struct run *run, const void *body)
{
	(void)body;
	sigset_t old;
	/* Blocked before the fork, so that no end of the child is missed. */
	int signals = signals_open(&old);
	if (signals < 0)
		return signals;
	/* Not clone3: a filter may be in force here, and they cannot look into its arguments. */
	long child = SYS_RESULT(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (child <= 0) {
		close(signals);
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, (size_t)8);
		/* What this process made stays its own; the one that goes on has none. */
		run->child_count = child == 0 ? 0 : run->child_count;
		return (int)child;
	}
	/* Nothing of the host may be left open in a process that lives as long as the container. */
	dup2(signals, 3);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	sys_close_range(4, ~0u);
	be_init(3, (pid_t)child);
}
