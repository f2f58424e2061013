/* A hook: a program of somebody else's that runs beside the plan, is told the state, and whose end is waited for. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "kernel.h"
#include "steps.h"

#define NO_PROGRAM 0xffffffffu
#define TEXTS 3
#define MAP_SECONDS 30
#define OUTPUT_MAX (DETAIL_MAX - 64) /* leaves room for the line before it */

struct hook {
	const struct step_hook *step;
	int pidfd;
	int input;	/* the hook's standard input, -1 once it has everything */
	int output;	/* what it prints, -1 once nobody can print any more */
	int64_t end_ms; /* 0 for none */
	const char *texts[TEXTS];
	size_t lengths[TEXTS];
	char last[OUTPUT_MAX]; /* of what it printed */
	size_t last_length;
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* In the hook's own process; the errno of what failed goes to `failed`, which closes with the exec. */
static void become_hook(struct run *run, const struct step_hook *step, int input, int output, int failed)
{
	run->child_count = 0;
	ready_for_exec(run);
	int error = 0;
	if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 ||
	    (step->cwd.len && chdir(step->cwd.text) < 0))
		error = errno;
	if (!error) {
		execve(step->path.text, (char *const *)step->argv.items, (char *const *)step->env.items);
		error = errno;
	}
	ssize_t written = write(failed, &error, sizeof error);
	(void)written;
	_exit(127);
}

static int fork_hook(struct run *run, struct hook *hook, const int input[2], const int output[2], const int failed[2])
{
	struct kernel_clone_args args = {
		.flags = KERNEL_CLONE_PIDFD, .pidfd = (uintptr_t)&hook->pidfd, .exit_signal = SIGCHLD,
	};
	sigset_t all, mask;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	long pid = SYS_RESULT(SYS_clone3, &args, sizeof args);
	if (pid == -ENOSYS)
		pid = SYS_RESULT(SYS_clone, args.flags | SIGCHLD, 0, &hook->pidfd, 0, 0);
	if (pid == 0)
		become_hook(run, hook->step, input[0], output[1], failed[1]);
	/* From here on a deadly signal takes it along. */
	if (pid > 0)
		run->children[run->child_count++] = (struct child){ .pidfd = hook->pidfd, .program = NO_PROGRAM };
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return pid < 0 ? (int)pid : 0;
}

/* Starts the hook; its exec has happened when this returns 0. */
static int start_hook(struct run *run, struct hook *hook)
{
	int input[2] = { -1, -1 }, output[2] = { -1, -1 }, failed[2] = { -1, -1 }, error = 0;
	int result = pipe2(input, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC) < 0 ?
			     -errno : fork_hook(run, hook, input, output, failed);
	shut(&input[0]);
	shut(&output[1]);
	shut(&failed[1]);
	hook->input = input[1];
	hook->output = output[0];
	ssize_t got;
	do
		got = result ? 0 : read(failed[0], &error, sizeof error);
	while (got < 0 && errno == EINTR);
	shut(&failed[0]);
	if (hook->input >= 0)
		fcntl(hook->input, F_SETFL, O_NONBLOCK);
	if (hook->output >= 0)
		fcntl(hook->output, F_SETFL, O_NONBLOCK);
	return result ? result : -error;
}

static void tell_state(struct hook *hook)
{
	for (unsigned i = 0; i < TEXTS; i++) {
		while (hook->lengths[i]) {
			ssize_t wrote = write(hook->input, hook->texts[i], hook->lengths[i]);
			if (wrote < 0 && errno == EINTR)
				continue;
			if (wrote < 0 && errno == EAGAIN)
				return;
			if (wrote < 0) /* It does not read; that is its own affair. */
				return shut(&hook->input);
			hook->texts[i] += wrote;
			hook->lengths[i] -= (size_t)wrote;
		}
	}
	shut(&hook->input);
}

/* Keeps the end of what is printed. */
static void take_output(struct hook *hook)
{
	char buffer[OUTPUT_MAX];
	for (;;) {
		ssize_t got = read(hook->output, buffer, sizeof buffer);
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0 || (got < 0 && errno != EAGAIN))
			return shut(&hook->output);
		if (got < 0)
			return;
		size_t kept = hook->last_length, room = OUTPUT_MAX - (size_t)got;
		if (kept > room) {
			memmove(hook->last, hook->last + kept - room, room);
			kept = room;
		}
		memcpy(hook->last + kept, buffer, (size_t)got);
		hook->last_length = kept + (size_t)got;
	}
}

/* Feeds and reads the hook until it has ended, or its time is over. */
static int await_end(struct hook *hook)
{
	for (;;) {
		struct pollfd polls[] = {
			{ .fd = hook->pidfd, .events = POLLIN },
			{ .fd = hook->input, .events = POLLOUT },
			{ .fd = hook->output, .events = POLLIN },
		};
		int64_t left = hook->end_ms ? hook->end_ms - now_ms() : -1;
		if (hook->end_ms && left <= 0)
			return -ETIMEDOUT;
		if (poll(polls, 3, left > INT32_MAX ? INT32_MAX : (int)left) < 0 && errno != EINTR)
			return -errno;
		if (hook->input >= 0 && polls[1].revents)
			tell_state(hook);
		if (hook->output >= 0 && (polls[2].revents || polls[0].revents))
			take_output(hook);
		if (polls[0].revents)
			return 0;
	}
}

static void keep_detail(struct run *run, const struct hook *hook, const char *how, int number)
{
	struct failure *failure = &run->failure;
	int line = snprintf(failure->detail, DETAIL_MAX - OUTPUT_MAX, "%s %d\n", how, number);
	memcpy(failure->detail + line, hook->last, hook->last_length);
	failure->detail_length = (size_t)line + hook->last_length;
}

/* Takes the hook's end, after killing one that has not come to it; it leaves the list of children. */
static int reap_hook(struct run *run, struct hook *hook, int result)
{
	siginfo_t info = { 0 };
	if (hook->pidfd < 0)
		return result;
	if (result)
		sys_pidfd_signal(hook->pidfd, SIGKILL);
	while (waitid((idtype_t)3 /* P_PIDFD */, (id_t)hook->pidfd, &info, WEXITED) < 0 && errno == EINTR)
		continue;
	run->child_count--;
	close(hook->pidfd);
	if (hook->output >= 0)
		take_output(hook);
	if (result == -ETIMEDOUT)
		keep_detail(run, hook, "timeout", (int)hook->step->timeout);
	if (result || (info.si_code == CLD_EXITED && info.si_status == 0))
		return result;
	keep_detail(run, hook, info.si_code == CLD_EXITED ? "exit status" : "signal", info.si_status);
	return -ECHILD;
}

static int run_hook(struct run *run, const struct step_hook *step, pid_t pid)
{
	char number[16];
	struct hook hook = { .step = step, .pidfd = -1, .input = -1, .output = -1 };
	snprintf(number, sizeof number, "%d", pid);
	hook.texts[0] = step->head.text, hook.lengths[0] = step->head.len;
	if (step->tail.len) {
		hook.texts[1] = number, hook.lengths[1] = strlen(number);
		hook.texts[2] = step->tail.text, hook.lengths[2] = step->tail.len;
	}
	if (step->timeout)
		hook.end_ms = now_ms() + step->timeout * INT64_C(1000);
	int result = start_hook(run, &hook);
	if (!result)
		result = await_end(&hook);
	result = reap_hook(run, &hook, result);
	shut(&hook.input);
	shut(&hook.output);
	return result;
}

int step_hook(struct run *run, const void *body)
{
	const struct step_hook *step = body;
	at(run, step->path.text);
	pid_t pid = step->pidfd == NO_SLOT ? getpid() : slot_pid(run, step->pidfd);
	if (pid < 0)
		return pid;
	int result = run_hook(run, step, pid);
	if (result && step->kill && step->pidfd != NO_SLOT)
		sys_pidfd_signal(run->slots[step->pidfd].fd, SIGKILL);
	return result;
}

int step_map_ids(struct run *run, const void *body)
{
	const struct step_map_ids *step = body;
	char number[16];
	at(run, step->path.text);
	pid_t pid = slot_pid(run, step->pidfd);
	if (pid < 0 || step->argv.count < 2)
		return pid < 0 ? pid : -EINVAL;
	snprintf(number, sizeof number, "%d", pid);
	step->argv.items[1] = number;
	static char *nothing[] = { NULL };
	const struct step_hook hook = {
		.path = step->path, .argv = step->argv, .env = { .items = nothing }, .timeout = MAP_SECONDS,
	};
	return run_hook(run, &hook, pid);
}
