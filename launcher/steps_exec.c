/* The end of the launcher in a process: the container's program takes over. */
#include <string.h>
#include <sys/stat.h>

#include "kernel.h"
#include "steps.h"

#define FIRST_PRESERVED 3

/* Room below which everything is closed or preserved: the report and the sources move above it first. */
static int lift(int fd, unsigned above)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, (int)above);
	return moved < 0 ? -errno : moved;
}

/* Puts the first `count` inherited descriptors at 3 and up, in their order, to stay open in the program. */
static int preserve(struct run *run, unsigned count, int *keep)
{
	unsigned above = FIRST_PRESERVED + count;
	if (count > run->plan->inherited_count)
		return -EINVAL;
	if (*keep >= 0 && (*keep = lift(*keep, above)) < 0)
		return *keep;
	int report = lift(run->report_fd, above);
	if (report < 0)
		return report;
	run->report_fd = report;
	for (unsigned i = 0; i < count; i++) {
		int fd = slot_fd(run, (int32_t)i);
		int moved = fd < 0 ? fd : lift(fd, above);
		if (moved < 0)
			return moved;
		run->slots[i].fd = moved;
	}
	for (unsigned i = 0; i < count; i++)
		if (dup2(run->slots[i].fd, (int)(FIRST_PRESERVED + i)) < 0)
			return -errno;
	return 0;
}

/* Everything from `first` on but these two, of which either may be none. */
static int close_all_but(unsigned first, int one, int other)
{
	int kept[] = { one < other ? one : other, one < other ? other : one };
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		if (kept[i] < 0 || (unsigned)kept[i] < first)
			continue;
		int result = (unsigned)kept[i] == first ? 0 : sys_close_range(first, (unsigned)kept[i] - 1);
		if (result)
			return result;
		first = (unsigned)kept[i] + 1;
	}
	return sys_close_range(first, ~0u);
}

/* The head of the file tells what is wrong with it: another architecture, a missing interpreter. */
static bool keep_head(struct run *run, const char *path)
{
	struct failure *failure = &run->failure;
	struct stat stat;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) ? read(fd, failure->detail, DETAIL_MAX) : -1;
	close(fd);
	failure->detail_length = got > 0 ? (size_t)got : 0;
	return got >= 0;
}

/* The most telling failure: any other error, then EACCES, then a file that is there, then one that is not. */
static int rank(int error, const char *path)
{
	if (error != -ENOENT && error != -ENOTDIR && error != -EACCES)
		return 4;
	if (error == -EACCES)
		return 3;
	return access(path, F_OK) == 0 ? 2 : 1;
}

struct attempts {
	int best, error;
};

static void keep_most_telling(struct run *run, struct attempts *attempts, int failed, const char *path)
{
	int ranked = rank(failed, path);
	if (ranked <= attempts->best)
		return;
	*attempts = (struct attempts){ .best = ranked, .error = failed };
	at(run, path);
}

int step_exec(struct run *run, const void *body)
{
	const struct step_exec *step = body;
	int keep = step->keep == NO_SLOT ? -1 : slot_fd(run, step->keep);
	if (step->keep != NO_SLOT && keep < 0)
		return keep;
	int result = step->preserve ? preserve(run, step->preserve, &keep) : 0;
	if (result)
		return result;
	/* A filter that is loaded already may refuse; everything is close-on-exec all the same. */
	result = close_all_but(FIRST_PRESERVED + step->preserve, run->report_fd, keep);
	if (result && !run->ready_for_exec)
		return result;
	ready_for_exec(run);
	struct attempts attempts = { .error = -ENOENT };
	for (uint32_t i = 0; i < step->candidates.count && attempts.best < 4; i++) {
		const char *path = step->candidates.items[i];
		keep_most_telling(run, &attempts, (int)SYS_RESULT(SYS_execve, path, step->argv.items, step->env.items), path);
	}
	if (run->failure.path)
		keep_head(run, run->failure.path);
	return attempts.error;
}

/* What `create` can already know: whoever called it takes a missing program for its failure, not for that of `start`. */
int step_find_program(struct run *run, const void *body)
{
	const struct step_find_program *step = body;
	struct attempts attempts = { .error = -ENOENT };
	for (uint32_t i = 0; i < step->candidates.count; i++) {
		const char *path = step->candidates.items[i];
		struct stat stat;
		int failed = access(path, X_OK) ? -errno : 0;
		if (!failed && fstatat(AT_FDCWD, path, &stat, 0) == 0 && S_ISDIR(stat.st_mode))
			failed = -EACCES;
		if (!failed)
			return 0;
		keep_most_telling(run, &attempts, failed, path);
	}
	return attempts.error;
}
