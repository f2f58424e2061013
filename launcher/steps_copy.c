/* Filling a new file system with what it is about to cover. */
#include <sys/wait.h>

#include "kernel.h"
#include "merge.h"
#include "steps.h"

int step_copy_up(struct run *run, const void *body)
{
	const struct step_copy_up *step = body;
	int status, from = slot_fd(run, step->from), to = slot_fd(run, step->to);
	if (from < 0 || to < 0)
		return -EBADF;
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	/* Numbers of errors fit into an exit status. */
	if (pid == 0)
		_exit(-merge_copy(from, to, step->attributes != 0));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}
