/* The launch roles: they take a plan and run its first program in this process. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "kernel.h"
#include "roles.h"
#include "run.h"
#include "seal.h"
#include "steps.h"
#include "then.h"

#define MAX_PLAN (16 << 20)
#define MAX_DESCRIPTORS 1026

struct command_line {
	int fds[MAX_DESCRIPTORS]; /* plan, report, for launch-then what comes then, inherited */
	int count;
	int first_inherited;
};

static int refuse(int report_fd, int error, const char *why)
{
	const struct report record = {
		.kind = REPORT_FAIL, .step = NO_STEP, .value = -error, .detail = why, .detail_length = strlen(why),
	};
	if (report_fd >= 0)
		report_send(report_fd, &record);
	return EXIT_REFUSED;
}

static int read_command_line(int argc, char **argv, struct command_line *line)
{
	line->count = argc - 2;
	if (line->count < line->first_inherited || line->count > MAX_DESCRIPTORS)
		return -EINVAL;
	for (int i = 0; i < line->count; i++) {
		int fd = descriptor_argument(argv[i + 2]);
		if (fd < 3)
			return -EBADF;
		for (int before = 0; before < i; before++)
			if (line->fds[before] == fd)
				return -EINVAL;
		line->fds[i] = fd;
	}
	return 0;
}

static bool is_named(const struct command_line *line, int fd)
{
	for (int i = 0; i < line->count; i++)
		if (line->fds[i] == fd)
			return true;
	return false;
}

/* What is not on the command line was leaked to us by somebody and must not reach a container. */
static void close_others(const struct command_line *line)
{
	int last = 2;
	for (int i = 0; i < line->count; i++) {
		fcntl(line->fds[i], F_SETFD, FD_CLOEXEC);
		last = line->fds[i] > last ? line->fds[i] : last;
	}
	for (int fd = 3; fd < last; fd++)
		if (!is_named(line, fd))
			close(fd);
	sys_close_range((unsigned)last + 1, ~0u);
}

/* All memory of this role, taken at once: the plan's bytes, what is decoded from them, slots and children. */
static int read_plan(int fd, struct plan *plan, struct arena *arena)
{
	struct stat stat;
	if (fstat(fd, &stat) < 0)
		return -errno;
	if (!S_ISREG(stat.st_mode) || stat.st_size > MAX_PLAN)
		return -EPROTO;
	size_t length = (size_t)stat.st_size;
	arena->size = length + plan_arena_size(length) + 1024 * sizeof(struct slot) + length / 8 * sizeof(struct child);
	void *memory = mmap(NULL, arena->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	arena->base = memory;
	arena->used = length;
	for (size_t done = 0; done < length;) {
		ssize_t got = pread(fd, arena->base + done, length - done, (off_t)done);
		if (got <= 0)
			return got < 0 ? -errno : -EPROTO;
		done += (size_t)got;
	}
	return decode_plan(arena->base, length, arena, plan);
}

/* A plan is refused as a whole when it holds a step that this role has no handler for. */
static uint32_t count_clones(const struct plan *plan, bool *runnable)
{
	uint32_t clones = 0;
	*runnable = true;
	for (uint32_t p = 0; p < plan->program_count; p++) {
		for (uint32_t i = 0; i < plan->programs[p].count; i++) {
			uint16_t code = plan->programs[p].steps[i].shape->code;
			clones += code == STEP_CLONE;
			*runnable = *runnable && code < STEP_HANDLER_LIMIT && step_handlers[code];
		}
	}
	return clones;
}

static void *cut(struct arena *arena, size_t size)
{
	size_t start = (arena->used + 15) & ~(size_t)15;
	arena->used = start + size;
	return arena->base + start;
}

static int prepare(struct run *run, const struct plan *plan, struct arena *arena, const struct command_line *line)
{
	bool runnable;
	uint32_t clones = count_clones(plan, &runnable);
	if (!runnable || (uint32_t)(line->count - line->first_inherited) != plan->inherited_count)
		return -EPROTO;
	*run = (struct run){ .plan = plan, .report_fd = line->fds[1], .child_room = clones };
	run->slots = cut(arena, plan->slot_count * sizeof *run->slots);
	run->children = cut(arena, (clones + 1) * sizeof *run->children);
	for (uint32_t i = 0; i < plan->slot_count; i++)
		run->slots[i] = (struct slot){ .fd = i < plan->inherited_count ? line->fds[i + (uint32_t)line->first_inherited] : -1 };
	return 0;
}

static int launch(int argc, char **argv, bool then)
{
	static struct command_line line;
	static struct plan plan;
	static struct arena arena;
	static struct run run;
	line.first_inherited = then ? 3 : 2;
	int error = read_command_line(argc, argv, &line);
	if (error)
		return refuse(-1, error, "");
	error = run_sealed(argv);
	if (error)
		return refuse(line.fds[1], error, "seal the launcher");
	/* From here on nobody may look into this process, whatever namespace it enters. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	close_others(&line);
	error = then ? then_read(line.fds[2], line.fds[1]) : 0;
	if (!error)
		error = read_plan(line.fds[0], &plan, &arena);
	if (!error)
		error = prepare(&run, &plan, &arena, &line);
	if (error)
		return then_end(refuse(line.fds[1], error, "read the plan"));
	close(line.fds[0]);
	run.inherited_umask = umask(0);
	die_with_children(&run);
	_exit(then_end(run_program(&run, 0)));
}

int launch_main(int argc, char **argv)
{
	return launch(argc, argv, false);
}

int launch_then_main(int argc, char **argv)
{
	return launch(argc, argv, true);
}
