/* Looking after the container's first process: signals in, terminal both ways, its status out. */
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "kernel.h"
#include "relay.h"
#include "signals.h"
#include "steps.h"

struct watch {
	int pidfd;
	pid_t pid;
	int signals;
	struct relay *relay; /* NULL without a terminal */
	siginfo_t end;	     /* of the process; si_pid is 0 as long as it lives */
	bool left;	     /* by the detach keys */
};

static void pass_signals(struct watch *watch)
{
	struct signalfd_siginfo info;
	while (read(watch->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		int number = (int)info.ssi_signo;
		if (number == SIGWINCH && watch->relay)
			relay_resize(watch->relay);
		/* SIGPIPE by our own writing is no message to anybody. */
		bool own = number == SIGPIPE && info.ssi_pid == (uint32_t)getpid();
		if (signal_is_for_child(number) && !own)
			sys_pidfd_signal(watch->pidfd, number);
	}
}

/* Takes every process that has ended; orphans may have become ours. */
static int reap(struct watch *watch)
{
	for (;;) {
		siginfo_t info = { 0 };
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0)
			return watch->end.si_pid || errno != ECHILD ? 0 : -ECHILD;
		if (info.si_pid == 0)
			return 0;
		if (info.si_pid == watch->pid)
			watch->end = info;
	}
}

static int wait_status(const siginfo_t *end)
{
	if (end->si_code == CLD_EXITED)
		return (end->si_status & 0xff) << 8;
	return end->si_status | (end->si_code == CLD_DUMPED ? 0x80 : 0);
}

static int watch_until_end(struct watch *watch)
{
	while (watch->end.si_pid == 0 && !(watch->relay && watch->relay->detached)) {
		struct pollfd polls[2 + RELAY_POLLS] = {
			{ .fd = watch->signals, .events = POLLIN },
			{ .fd = watch->pidfd, .events = POLLIN },
		};
		int timeout = watch->relay ? relay_polls(watch->relay, polls + 2) : -1;
		if (poll(polls, watch->relay ? 2 + RELAY_POLLS : 2, timeout) < 0 && errno != EINTR)
			return -errno;
		pass_signals(watch);
		if (watch->relay)
			relay_move(watch->relay, polls + 2);
		int result = reap(watch);
		if (result)
			return result;
	}
	return 0;
}

/* The program goes on without us; a child of ours keeps its terminal, else it would be hung up on. */
static int leave(const struct watch *watch, int master)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid < 0 ? -errno : 0;
	setsid();
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	relay_drop(master, watch->pidfd);
	_exit(0);
}

static int watch_with_terminal(struct watch *watch, int master, const struct run *run)
{
	struct relay relay;
	int result = relay_begin(&relay, master);
	if (result)
		return result;
	relay.keys = run->detach_keys;
	relay.key_count = run->detach_key_count;
	watch->relay = &relay;
	result = watch_until_end(watch);
	watch->relay = NULL;
	relay_end(&relay);
	watch->left = result == 0 && relay.detached && watch->end.si_pid == 0;
	return watch->left ? leave(watch, master) : result;
}

int step_detach_keys(struct run *run, const void *body)
{
	const struct step_detach_keys *step = body;
	if (step->keys.len == 0 || step->keys.len > RELAY_KEYS_MAX)
		return -EINVAL;
	run->detach_keys = step->keys.data;
	run->detach_key_count = step->keys.len;
	return 0;
}

int step_supervise(struct run *run, const void *body)
{
	const struct step_supervise *step = body;
	sigset_t old;
	int master = step->tty == NO_SLOT ? -1 : slot_fd(run, step->tty);
	pid_t pid = slot_pid(run, step->pidfd);
	if (pid < 0 || (step->tty != NO_SLOT && master < 0))
		return pid < 0 ? pid : master;
	struct watch watch = { .pidfd = run->slots[step->pidfd].fd, .pid = pid, .signals = signals_open(&old) };
	if (watch.signals < 0)
		return watch.signals;
	int result = master < 0 ? watch_until_end(&watch) : watch_with_terminal(&watch, master, run);
	close(watch.signals);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, (size_t)8);
	if (result || watch.left)
		return result;
	int status = wait_status(&watch.end);
	report_step(run, REPORT_EXIT, status, NULL, NULL, 0);
	run->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}
