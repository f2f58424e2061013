/* The order of writers; see turn.h. */
#include "turn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* Whoever has the turn for so long is held up, and the database's own lock tells what becomes of that. */
#define PATIENCE_S 20
#define OVER (SIGRTMIN + 7)

struct turn turn_at(const char *path)
{
	char directory[PATH_MAX];
	const char *end = strrchr(path, '/');
	struct turn turn = { .directory = -1 };
	if (!end || (size_t)(end - path) >= sizeof directory)
		return turn;
	memcpy(directory, path, (size_t)(end - path));
	directory[end - path] = 0;
	turn.directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return turn;
}

static void nothing(int number)
{
	(void)number;
}

/* Waits with a limit; the signal comes again until the call is over, as the first may come before it. */
static bool wait_for(int directory)
{
	struct sigaction on = { .sa_handler = nothing }, before;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = OVER };
	struct itimerspec limit = { .it_value.tv_sec = PATIENCE_S, .it_interval.tv_nsec = 100 * 1000 * 1000 };
	timer_t timer;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0)
		return false;
	sigaction(OVER, &on, &before);
	timer_settime(timer, 0, &limit, NULL);
	bool taken = flock(directory, LOCK_EX) == 0;
	timer_delete(timer);
	sigaction(OVER, &before, NULL);
	return taken;
}

void turn_take(struct turn *turn)
{
	if (turn->directory < 0 || turn->taken)
		return;
	turn->taken = flock(turn->directory, LOCK_EX | LOCK_NB) == 0;
	if (!turn->taken && errno == EWOULDBLOCK)
		turn->taken = wait_for(turn->directory);
}

void turn_give(struct turn *turn)
{
	if (turn->taken)
		flock(turn->directory, LOCK_UN);
	turn->taken = false;
}

void turn_close(struct turn *turn)
{
	if (turn->directory >= 0)
		close(turn->directory);
	*turn = (struct turn){ .directory = -1 };
}
