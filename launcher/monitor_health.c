/*
 * Health checks: an exec plan that was compiled at the start, executed again and again. What comes of them is in files
 * (docs/monitor.md, "Health checks"), the container's output knows nothing of them.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "monitor.h"
#include "roles.h"

enum { HEAD_MAX = 128, KEPT = 5, HELD_MS = 1000, TAKES = 64 };
/* The numbers of `check`; times are milliseconds. */
enum { INTERVAL, TIMEOUT, START_PERIOD, START_INTERVAL, PATIENCE, RETRIES, SIGNAL, THEN, NUMBERS };
/* What comes after the end of an unhealthy container: its policy decides, it is started anew, or it was the last run. */
enum { BY_POLICY, ANEW, LAST };
enum { STARTING, HEALTHY, UNHEALTHY };

static const char *const words[] = {
	"health_status status=starting",
	"health_status status=healthy",
	"health_status status=unhealthy",
};

static void arm(const struct monitor *monitor, uint32_t ms)
{
	struct itimerspec when = { .it_value = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 } };

	timerfd_settime(monitor->health.timer, 0, &when, NULL);
}

static bool in_start_period(const struct monitor *monitor, int64_t now_ms)
{
	const struct health *health = &monitor->health;

	return health->status == STARTING && now_ms - health->began_ms < monitor->config->check.items[START_PERIOD];
}

static void arm_next(const struct monitor *monitor)
{
	const uint32_t *numbers = monitor->config->check.items;
	bool soon = numbers[INTERVAL] > 0 && in_start_period(monitor, clock_ms());

	arm(monitor, numbers[soon ? START_INTERVAL : INTERVAL]);
}

/* The journal and the file `health`. */
static void tell(const struct monitor *monitor, bool changed)
{
	const char *word = words[monitor->health.status];
	char text[HEAD_MAX];
	char *at = put_text(text, strchr(word, ' ') + 1);

	at = put_field(put_text(at, "\n"), "streak=", monitor->health.streak);
	/* Who has seen it can read of it. */
	if (changed)
		journal_line(clock_ns(), word);
	write_aside("health", text, (size_t)(at - text), false);
}

void health_begin(struct monitor *monitor)
{
	struct health *health = &monitor->health;

	if (monitor->config->check.count < NUMBERS)
		return;
	if (health->timer < 0)
		health->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	health->status = STARTING;
	health->streak = 0;
	health->ending = health->renewed = false;
	health->began_ms = clock_ms();
	tell(monitor, false);
	arm_next(monitor);
}

/* The check and whatever it has started. */
static void kill_check(const struct monitor *monitor)
{
	if (monitor->config->check_group.len > 0)
		cgroup_remove(monitor->config->check_group.text);
	if (monitor->health.pid > 0)
		kill(monitor->health.pid, SIGKILL); /* it has not been reaped */
}

static void close_check(struct health *health)
{
	close(health->output);
	close(health->report);
	health->output = health->report = -1;
	health->pid = 0;
}

void health_stop(struct monitor *monitor)
{
	struct health *health = &monitor->health;

	if (health->timer < 0)
		return;
	arm(monitor, 0);
	if (health->pid == 0)
		return;
	kill_check(monitor);
	close_check(health);
}

/* An unhealthy container is told to end, and after its patience made to. */
static void act(struct monitor *monitor)
{
	const uint32_t *numbers = monitor->config->check.items;

	if (numbers[SIGNAL] == 0 || monitor->init_ended)
		return;
	kill(monitor->init, monitor->health.ending ? SIGKILL : (int)numbers[SIGNAL]);
	monitor->health.ending = true;
	monitor->health.renewed = numbers[THEN] == ANEW;
	if (numbers[THEN] == LAST)
		restart_policy(monitor, LAST_RUN);
	arm(monitor, numbers[PATIENCE]);
}

static void judge(struct monitor *monitor, bool good)
{
	struct health *health = &monitor->health;
	uint8_t before = health->status, told[2];

	if (good) {
		health->streak = 0;
		health->status = HEALTHY;
	} else if (!in_start_period(monitor, health->check_ms) &&
		   ++health->streak >= monitor->config->check.items[RETRIES])
		health->status = UNHEALTHY;
	tell(monitor, health->status != before);
	told[0] = good;
	told[1] = health->status;
	clients_send(monitor, FRAME_CHECKED, told, sizeof(told));
	arm_next(monitor);
	if (health->status == UNHEALTHY)
		act(monitor);
}

/* Takes one read's worth of what the check has written, keeping the beginning; false when there is no more. */
static bool take(struct health *health)
{
	uint32_t room = CHECK_OUTPUT - health->length;
	ssize_t count;

	if (health->output < 0)
		return false;
	if (room > 0)
		count = read(health->output, scratch.check + health->length, room);
	else
		count = read(health->output, scratch.output, sizeof(scratch.output));
	if (count > 0) {
		health->cut |= room == 0;
		health->length += room > 0 ? (uint32_t)count : 0;
	} else if (count == 0) {
		close(health->output);
		health->output = -1;
	}
	return count > 0;
}

void health_output_ready(struct monitor *monitor, int place, short events)
{
	(void)place, (void)events;
	take(&monitor->health);
}

/* Head, an empty line, what the launch reported, what the check wrote. */
static void write_result(const struct monitor *monitor, int status)
{
	const struct health *health = &monitor->health;
	char *at = scratch.result, name[] = "health.0";
	ssize_t reported = read(health->report, scratch.records, sizeof(scratch.records));

	at = put_field(at, "start=", health->started);
	at = put_field(at, "end=", clock_ns());
	at = put_field(at, "code=", (uint64_t)(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)));
	at = put_field(at, "late=", health->late);
	at = put_field(at, "cut=", health->cut);
	at = put_field(at, "report=", reported > 0 ? (uint64_t)reported : 0);
	at = put_text(at, "\n");
	if (reported > 0)
		at = memcpy(at, scratch.records, (size_t)reported), at += reported;
	memcpy(at, scratch.check, health->length);
	at += health->length;
	name[sizeof(name) - 2] += (char)(health->number % KEPT);
	write_aside(name, scratch.result, (size_t)(at - scratch.result), false);
}

void health_check_ended(struct monitor *monitor, int status)
{
	struct health *health = &monitor->health;

	for (int i = 0; i < TAKES && take(health); i++)
		continue;
	if (health->late)
		kill_check(monitor); /* once more: it may have been forking */
	write_result(monitor, status);
	health->number++;
	close_check(health);
	judge(monitor, status == 0 && !health->late);
}

static int open_check(struct monitor *monitor, struct child_ends *ends)
{
	struct health *health = &monitor->health;
	int error;

	ends->plan = open(monitor->config->check_plan.text, O_RDONLY | O_CLOEXEC);
	if (ends->plan < 0)
		return -errno;
	error = half_pipe(0, &health->output, &ends->stdio[1]);
	if (error == 0)
		error = half_pipe(0, &health->report, &ends->report);
	if (error < 0)
		return error;
	ends->stdio[2] = fcntl(ends->stdio[1], F_DUPFD_CLOEXEC, 3);
	/* Our own child that has not been reaped: the number is its own. */
	ends->console = sys_pidfd_open(monitor->init);
	if (monitor->config->check_group.len > 0)
		mkdir(monitor->config->check_group.text, 0755);
	return ends->console < 0 ? ends->console : 0;
}

void health_check(struct monitor *monitor)
{
	struct child_ends ends = NO_ENDS;
	struct health *health = &monitor->health;
	int error;

	if (health->timer < 0 || health->pid > 0 || health->ending || monitor->phase != RUNNING || monitor->init_ended)
		return;
	health->started = clock_ns();
	health->check_ms = clock_ms();
	health->length = 0;
	health->late = health->cut = health->held = false;
	error = open_check(monitor, &ends);
	if (error == 0)
		error = health->pid = launch_child(&ends, 0);
	close_ends(&ends);
	if (error < 0)
		health_check_ended(monitor, EXIT_STEP_FAILED << 8);
	else
		arm(monitor, monitor->config->check.items[TIMEOUT]);
}

void health_timer_ready(struct monitor *monitor, int place, short events)
{
	struct health *health = &monitor->health;
	uint64_t times;

	(void)place, (void)events;
	if (read(health->timer, &times, sizeof(times)) < 0 || monitor->phase != RUNNING)
		return;
	if (health->ending) {
		act(monitor);
		return;
	}
	/* While it is paused, it is neither asked nor blamed, and a check that was held has its time once more. */
	if (cgroups_held(&monitor->config->cgroup)) {
		health->held = true;
		arm(monitor, HELD_MS);
	} else if (health->held && health->pid > 0) {
		health->held = false;
		arm(monitor, monitor->config->check.items[TIMEOUT]);
	} else if (health->pid == 0) {
		health_check(monitor);
	} else {
		health->late = true;
		kill_check(monitor);
		arm(monitor, HELD_MS); /* until it has died */
	}
}
