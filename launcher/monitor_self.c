/* What a monitor changes of itself, and undoes for a program that it executes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "monitor.h"
#include "signals.h"

static const int ignored[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2 };
static char oom_score[16];

static void set_oom_score(const char *text)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		errno = 0; /* best effort */
	close(fd);
}

int become_monitor(struct monitor *monitor)
{
	int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	sigset_t children;

	if (fd >= 0 && read(fd, oom_score, sizeof(oom_score) - 1) < 0)
		oom_score[0] = 0;
	close(fd);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_SETMASK, &children, NULL);
	monitor->signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	if (monitor->signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return -errno;
	set_oom_score("-999");
	return 0;
}

void restore_process(void)
{
	default_signals();
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	set_oom_score(oom_score);
}
