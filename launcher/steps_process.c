/* Making processes, entering namespaces, mapping ids. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "kernel.h"
#include "proc.h"
#include "steps.h"

/* CLONE_NEW*, CLONE_PARENT and CLONE_INTO_CGROUP; nothing that shares memory, descriptors or handlers with us. */
#define ALLOWED_CLONE_FLAGS (0x7e020000ull | 0x80ull | KERNEL_CLONE_PARENT | KERNEL_CLONE_INTO_CGROUP)

/*
 * Id maps are written through files of /proc, which belong to global root while the process is not dumpable. A parent
 * that is not root can write them only while its child is; the child shares no namespace with anybody yet.
 */
static bool needs_dumpable(uint64_t flags)
{
	return (flags & KERNEL_CLONE_NEWUSER) && geteuid() != 0;
}

static long clone_child(const struct step_clone *step, int cgroup, int *pidfd)
{
	struct kernel_clone_args args = { .flags = step->flags | KERNEL_CLONE_PIDFD, .pidfd = (uintptr_t)pidfd };
	if (!(step->flags & KERNEL_CLONE_PARENT))
		args.exit_signal = SIGCHLD;
	if (step->cgroup != NO_SLOT) {
		args.flags |= KERNEL_CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup;
	}
	long pid = SYS_RESULT(SYS_clone3, &args, sizeof args);
	if (pid != -ENOSYS || (args.flags & KERNEL_CLONE_INTO_CGROUP))
		return pid;
	/* Filters give ENOSYS for what they cannot look into; the older call does the same for such plain flags. */
	return SYS_RESULT(SYS_clone, args.flags | args.exit_signal, 0, pidfd, 0, 0);
}

static void run_child(struct run *run, const struct step_clone *step, const sigset_t *mask)
{
	run->child_count = 0;
	run->exit_status = 0;
	run->dumpable_until_wait = needs_dumpable(step->flags);
	sigprocmask(SIG_SETMASK, mask, NULL);
	_exit(run_program(run, step->program));
}

static int list_child(struct run *run, uint32_t program, int pidfd)
{
	int own = fcntl(pidfd, F_DUPFD_CLOEXEC, 3);
	run->children[run->child_count++] = (struct child){ .pidfd = own < 0 ? pidfd : own, .program = program };
	return own < 0 ? -errno : 0;
}

static int keep_child(struct run *run, const struct step_clone *step, pid_t pid, int pidfd)
{
	int listed = list_child(run, step->program, pidfd);
	if (listed)
		return listed;
	int result = slot_put(run, step->out, pidfd);
	if (result)
		return result;
	run->slots[step->out].pid = pid;
	if (step->report)
		report_step(run, REPORT_PID, pid, NULL, NULL, 0);
	return 0;
}

int step_clone(struct run *run, const void *body)
{
	const struct step_clone *step = body;
	if ((step->flags & ~ALLOWED_CLONE_FLAGS) || step->program >= run->plan->program_count)
		return -EINVAL;
	int cgroup = step->cgroup == NO_SLOT ? -1 : slot_fd(run, step->cgroup);
	if (cgroup == -EBADF)
		return cgroup;
	int pidfd = -1;
	bool dumpable = needs_dumpable(step->flags) && !run->joined;
	sigset_t all, mask;
	sigfillset(&all);
	/* Between its making and its entry in the list a child would outlive a deadly signal. */
	sigprocmask(SIG_SETMASK, &all, &mask);
	if (dumpable)
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	long pid = clone_child(step, cgroup, &pidfd);
	if (pid == 0)
		run_child(run, step, &mask);
	if (dumpable)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	int result = pid < 0 ? (int)pid : keep_child(run, step, (pid_t)pid, pidfd);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return result;
}

int step_adopt(struct run *run, const void *body)
{
	const struct step_adopt *step = body;
	if (step->program >= run->plan->program_count || run->child_count >= run->child_room)
		return -EINVAL;
	pid_t pid = slot_pid(run, step->pidfd);
	if (pid < 0)
		return pid;
	int result = list_child(run, step->program, run->slots[step->pidfd].fd);
	if (!result && step->report)
		report_step(run, REPORT_PID, pid, NULL, NULL, 0);
	return result;
}

int step_unshare(struct run *run, const void *body)
{
	const struct step_unshare *step = body;
	if (needs_dumpable(step->flags) && !run->joined) {
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
		run->dumpable_until_wait = true;
	}
	return (int)SYS_RESULT(SYS_unshare, step->flags);
}

int step_setns(struct run *run, const void *body)
{
	const struct step_setns *step = body;
	int fd = slot_fd(run, step->slot);
	if (fd < 0)
		return fd;
	run->joined = true;
	return (int)SYS_RESULT(SYS_setns, fd, step->flags);
}

int step_pidfd(struct run *run, const void *body)
{
	const struct step_pidfd *step = body;
	uint64_t ticks;
	int result = slot_put(run, step->out, sys_pidfd_open((pid_t)step->pid));
	if (result)
		return result;
	run->slots[step->out].pid = (pid_t)step->pid;
	if (step->starttime == 0)
		return 0;
	result = proc_start_time((pid_t)step->pid, &ticks);
	/* Only when the process is still there was the time read its own. */
	pid_t pid = result ? result : slot_pid(run, step->out);
	if (pid < 0 || ticks != step->starttime) {
		close(run->slots[step->out].fd);
		run->slots[step->out] = (struct slot){ .fd = -1 };
		return pid < 0 ? pid : -ESRCH;
	}
	return 0;
}

static int write_of_process(pid_t pid, const char *file, const char *text, size_t length)
{
	char path[64];
	snprintf(path, sizeof path, "%d/%s", pid, file);
	return proc_write(path, text, length);
}

int step_idmap(struct run *run, const void *body)
{
	const struct step_idmap *step = body;
	pid_t pid = slot_pid(run, step->pidfd);
	if (pid < 0)
		return pid;
	int result = 0;
	at(run, "setgroups");
	if (step->deny_setgroups)
		result = write_of_process(pid, "setgroups", "deny", 4);
	if (!result && step->gid_map.len) {
		at(run, "gid_map");
		result = write_of_process(pid, "gid_map", step->gid_map.text, step->gid_map.len);
	}
	if (!result && step->uid_map.len) {
		at(run, "uid_map");
		result = write_of_process(pid, "uid_map", step->uid_map.text, step->uid_map.len);
	}
	/* The pid was its own for all of this, unless it is gone now. */
	return result ? result : slot_pid(run, step->pidfd) < 0 ? -ESRCH : 0;
}

int step_oom_score(struct run *run, const void *body)
{
	const struct step_oom_score *step = body;
	char text[16], path[32] = "self/oom_score_adj";
	int length = snprintf(text, sizeof text, "%d", (int)step->plus1000 - 1000);
	at(run, "oom_score_adj");
	if (step->pidfd != NO_SLOT) {
		pid_t pid = slot_pid(run, step->pidfd);
		if (pid < 0)
			return pid;
		snprintf(path, sizeof path, "%d/oom_score_adj", pid);
	}
	int result = proc_write(path, text, (size_t)length);
	if (result != -EACCES || step->pidfd != NO_SLOT || run->joined || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return result;
	/* Our own file belongs to root while we are not dumpable; alone in our namespaces we may be, for this write. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	result = proc_write(path, text, (size_t)length);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return result;
}

int step_setsid(struct run *run, const void *body)
{
	(void)run, (void)body;
	return setsid() < 0 ? -errno : 0;
}
