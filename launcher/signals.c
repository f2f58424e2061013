#include "signals.h"

#include "kernel.h"

#define KERNEL_MASK_SIZE 8

int signals_open(sigset_t *old)
{
	uint64_t all = ~0ull;
	/* Raw: with signalfd(2) of the libraries their own two real-time signals would be missing. */
	long result = SYS_RESULT(SYS_rt_sigprocmask, SIG_SETMASK, &all, old, KERNEL_MASK_SIZE);
	if (result < 0)
		return (int)result;
	return (int)SYS_RESULT(SYS_signalfd4, -1, &all, KERNEL_MASK_SIZE, O_CLOEXEC | O_NONBLOCK);
}

bool signal_is_for_child(int signal)
{
	static const int ours[] = { SIGCHLD, SIGURG, SIGWINCH, SIGTTIN, SIGTTOU };
	for (unsigned i = 0; i < sizeof ours / sizeof *ours; i++)
		if (signal == ours[i])
			return false;
	return true;
}
