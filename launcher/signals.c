#include "signals.h"

#include "kernel.h"

#define KERNEL_MASK_SIZE 8
#define LAST_SIGNAL 64

int signals_open(sigset_t *old)
{
	uint64_t all = ~0ull;
	/* Raw: with signalfd(2) of the libraries their own two real-time signals would be missing. */
	long result = SYS_RESULT(SYS_rt_sigprocmask, SIG_SETMASK, &all, old, KERNEL_MASK_SIZE);
	if (result < 0)
		return (int)result;
	return (int)SYS_RESULT(SYS_signalfd4, -1, &all, KERNEL_MASK_SIZE, O_CLOEXEC | O_NONBLOCK);
}

void default_signals(void)
{
	const struct { void *handler; unsigned long flags; void *restorer; uint64_t mask; } standard = { 0 };
	const uint64_t none = 0;
	/* Raw for the same reason; the refusal of KILL and STOP is fine. */
	for (int number = 1; number <= LAST_SIGNAL; number++)
		syscall(SYS_rt_sigaction, number, &standard, NULL, KERNEL_MASK_SIZE);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, KERNEL_MASK_SIZE);
}

bool signal_is_for_child(int signal)
{
	static const int ours[] = { SIGCHLD, SIGURG, SIGWINCH, SIGTTIN, SIGTTOU };
	for (unsigned i = 0; i < sizeof ours / sizeof *ours; i++)
		if (signal == ours[i])
			return false;
	return true;
}
