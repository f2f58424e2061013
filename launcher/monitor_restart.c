/* One run after another: whether, when, and what is made anew in between. docs/monitor.md, "Restarts". */
#include <string.h>
#include <unistd.h>

#include "monitor.h"

enum { FIRST_DELAY_MS = 100, LONGEST_DELAY_MS = 60 * 1000 };
#define STEADY_NS UINT64_C(10000000000) /* who has run so long begins with the first delay again */

static bool is_due(const struct monitor *monitor, int code)
{
	uint32_t policy = monitor->restart;

	if (policy == LAST_RUN || (policy == NEVER_AGAIN && !monitor->health.renewed))
		return false;
	if (policy == ALWAYS_AGAIN || monitor->health.renewed)
		return true;
	return code != 0 && (policy == AFTER_FAILURE || monitor->restarts < policy - AFTER_FAILURE);
}

void restart_decide(struct monitor *monitor, int code)
{
	monitor->again = is_due(monitor, code);
	if (!monitor->again)
		return;
	if (monitor->delay_ms == 0 || monitor->finished >= monitor->started + STEADY_NS)
		monitor->delay_ms = FIRST_DELAY_MS;
	else if ((monitor->delay_ms *= 2) > LONGEST_DELAY_MS)
		monitor->delay_ms = LONGEST_DELAY_MS;
	monitor->again_ms = clock_ms() + monitor->delay_ms;
	monitor->restarts++;
}

void restart_note(const struct monitor *monitor)
{
	char line[80];
	char *at = put_number(put_text(line, "restarting in="), (uint64_t)monitor->delay_ms);

	*put_number(put_text(at, " count="), monitor->restarts) = 0;
	journal_line(monitor->finished, line);
	/* Last: what says that it ends lies there already, and who finds a pid beside it takes that for the next run's. */
	unlink("pid");
}

void restart_policy(struct monitor *monitor, uint32_t policy)
{
	if (monitor->restart == LAST_RUN)
		return;
	monitor->restart = policy;
	if (monitor->again && (policy == LAST_RUN || policy == NEVER_AGAIN))
		conclude_waiting(monitor);
}

static void close_all(struct monitor *monitor)
{
	int *all[] = { &monitor->output[0], &monitor->output[1], &monitor->input, &monitor->console };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (*all[i] >= 0)
			close(*all[i]);
		*all[i] = -1;
	}
}

void restart_wait(struct monitor *monitor)
{
	for (int place = 0; place < CLIENTS; place++) {
		/* It may have said that this was to be the last run. */
		if (monitor->clients[place].fd >= 0)
			client_ready(monitor, place, 0);
		if (!monitor->again)
			return;
		if (monitor->clients[place].fd >= 0)
			client_drop(&monitor->clients[place]);
	}
	monitor->attended = false; /* whoever started it has been let go */
	close_all(monitor);
	container_end(&monitor->config->cgroup);
	monitor->phase = WAITING;
}

void restart_now(struct monitor *monitor)
{
	monitor->again = monitor->init_ended = monitor->launch_ended = monitor->input_closing = monitor->attended = false;
	monitor->drained[0] = monitor->drained[1] = false;
	monitor->launch = monitor->init = 0;
	monitor->early_signals = 0;
	monitor->failure_length = monitor->record_length = monitor->input_length = monitor->input_start = 0;
	monitor->parked_ms = 0;
	/* Without room for the exit status there is nothing better than to go on. */
	reserve_exit();
	launch_start(monitor);
}
