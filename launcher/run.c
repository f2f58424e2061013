#include "run.h"

#include <string.h>
#include <sys/stat.h>

#include "kernel.h"
#include "proc.h"
#include "roles.h"
#include "steps.h"

int slot_fd(struct run *run, int32_t slot)
{
	int fd = slot == NO_SLOT ? -1 : run->slots[slot].fd;
	if (fd >= 0)
		return fd;
	run->failure.empty_slot = true;
	return -EBADF;
}

int slot_dir(struct run *run, int32_t slot)
{
	return slot == NO_SLOT ? AT_FDCWD : slot_fd(run, slot);
}

int slot_put(struct run *run, int32_t slot, int fd)
{
	if (fd < 0)
		return fd;
	if (slot == NO_SLOT) {
		close(fd);
		return -EBADF;
	}
	if (run->slots[slot].fd >= 0)
		close(run->slots[slot].fd);
	run->slots[slot] = (struct slot){ .fd = fd };
	return 0;
}

pid_t slot_pid(struct run *run, int32_t slot)
{
	int pidfd = slot_fd(run, slot);
	if (pidfd < 0)
		return pidfd;
	if (run->slots[slot].pid == 0)
		run->slots[slot].pid = proc_pid_of(pidfd);
	pid_t pid = run->slots[slot].pid;
	/* As long as the process behind the descriptor is there (a zombie included), its pid belongs to it. */
	int alive = sys_pidfd_signal(pidfd, 0);
	return alive < 0 && alive != -EPERM ? alive : pid;
}

void report_step(struct run *run, enum report_kind kind, int32_t value, const char *path, const void *detail,
		 size_t length)
{
	const struct report record = {
		.kind = kind, .program = (uint16_t)run->program, .step = run->step, .value = value,
		.path = path, .detail = detail, .detail_length = length,
	};
	report_send(run->report_fd, &record);
}

static void report_problem(struct run *run, enum report_kind kind, int error)
{
	report_step(run, kind, -error, run->failure.path, run->failure.detail, run->failure.detail_length);
}

static bool tolerated(const struct run *run, const struct step *step, int error)
{
	if (step->on_error == ON_ERROR_IGNORE)
		return true;
	return step->on_error == ON_ERROR_MISSING && (error == -ENOENT || run->failure.empty_slot);
}

/* Returns whether the program goes on. */
static bool run_step(struct run *run, const struct step *step)
{
	struct failure *failure = &run->failure;
	failure->path = NULL;
	failure->detail_length = 0;
	failure->silent = failure->empty_slot = false;
	int error = step_handlers[step->shape->code](run, step->body);
	if (error >= 0 || tolerated(run, step, error))
		return true;
	if (step->on_error == ON_ERROR_WARN) {
		report_problem(run, REPORT_WARN, error);
		return true;
	}
	/* The record comes first: killing may take a moment, and a reader of the report may be waiting. */
	if (!failure->silent)
		report_problem(run, REPORT_FAIL, error);
	kill_children(run);
	return false;
}

int run_program(struct run *run, uint32_t program)
{
	const struct program *steps = &run->plan->programs[program];
	run->program = program;
	for (uint32_t i = 0; i < steps->count; i++) {
		run->step = steps->first + i;
		if (run_step(run, &steps->steps[i]))
			continue;
		undo_steps(run, steps, i);
		return EXIT_STEP_FAILED;
	}
	return run->exit_status;
}
