/* The end of a process that failed or was told to die: its children go with it. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kernel.h"
#include "roles.h"
#include "run.h"
#include "signals.h"
#include "steps.gen.h"
#include "then.h"

/* How long a dying peer may take from closing its descriptors to being a zombie, and to end its own children. */
#define DYING_MS 100
#define PARENTING_MS 2000

/* The one thing that a signal handler can find. */
static struct run *of_this_process;

static bool ended(int pidfd, int timeout_ms)
{
	struct pollfd poll_one = { .fd = pidfd, .events = POLLIN };
	return poll(&poll_one, 1, timeout_ms) > 0;
}

static bool makes_children(const struct run *run, uint32_t program)
{
	if (program >= run->plan->program_count)
		return false;
	const struct program *steps = &run->plan->programs[program];
	for (uint32_t i = 0; i < steps->count; i++)
		if (steps->steps[i].shape->code == STEP_CLONE)
			return true;
	return false;
}

/*
 * A child that may have children of its own is asked first: its handler (below) ends them, and it alone has their
 * descriptors. Everything else is killed outright, and a pid namespace dies with its first process.
 */
static void kill_child(const struct run *run, const struct child *child)
{
	if (makes_children(run, child->program) && sys_pidfd_signal(child->pidfd, SIGTERM) == 0)
		ended(child->pidfd, PARENTING_MS);
	sys_pidfd_signal(child->pidfd, SIGKILL);
}

static void reap_child(const struct child *child)
{
	siginfo_t info;
	/* ECHILD: it was made with CLONE_PARENT, or has been reaped. */
	while (waitid((idtype_t)3 /* P_PIDFD */, (id_t)child->pidfd, &info, WEXITED) < 0 && errno == EINTR)
		continue;
}

/*
 * Our peer is gone without a word. When it is a child of ours that was killed from outside (or ended where it should
 * not have), nobody else can tell.
 */
static void report_lost_child(struct run *run)
{
	for (uint32_t i = 0; i < run->child_count; i++) {
		siginfo_t info = { 0 };
		int pidfd = run->children[i].pidfd;
		if (!ended(pidfd, DYING_MS) || waitid((idtype_t)3, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
			continue;
		if (info.si_code == CLD_EXITED && info.si_status == EXIT_STEP_FAILED)
			return;
		/* It has done its part and left another in its place (adopt). */
		if (info.si_code == CLD_EXITED && info.si_status == 0 && i + 1 < run->child_count)
			continue;
		char text[80];
		const char *how = info.si_code == CLD_EXITED ? "exit status" : "signal";
		int length = snprintf(text, sizeof text, "a process of the plan ended early: %s %d", how, info.si_status);
		report_step(run, REPORT_FAIL, ECHILD, NULL, text, (size_t)length);
		return;
	}
}

void kill_children(struct run *run)
{
	if (run->failure.silent)
		report_lost_child(run);
	for (uint32_t i = 0; i < run->child_count; i++)
		kill_child(run, &run->children[i]);
	for (uint32_t i = 0; i < run->child_count; i++)
		reap_child(&run->children[i]);
	run->child_count = 0;
}

static void on_deadly_signal(int signal)
{
	struct run *run = of_this_process;
	for (uint32_t i = 0; i < run->child_count; i++)
		kill_child(run, &run->children[i]);
	then_die(signal);
	/* SA_RESETHAND made the disposition the default one; the first process of a pid namespace survives that. */
	sigset_t only;
	sigemptyset(&only);
	sigaddset(&only, signal);
	kill(getpid(), signal);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	_exit(128 + signal);
}

void die_with_children(struct run *run)
{
	static const int deadly[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = on_deadly_signal, .sa_flags = (int)SA_RESETHAND };
	of_this_process = run;
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
		struct sigaction old;
		if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(deadly[i], &action, NULL);
	}
	/* A peer's end is told by EPIPE. */
	signal(SIGPIPE, SIG_IGN);
}

void ready_for_exec(struct run *run)
{
	if (run->ready_for_exec)
		return;
	default_signals();
	if (!run->umask_set)
		umask(run->inherited_umask);
	run->ready_for_exec = true;
}
