/* The loop of a monitor: wait for something to happen, take it, see whether that moves the container's life on. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor.h"

enum { DRAIN_READS = 512, TURN_MS = 110, WATCHES = CLIENTS + 11 };

struct watches {
	struct pollfd polled[WATCHES];
	struct {
		void (*ready)(struct monitor *monitor, int place, short events);
		int place;
	} then[WATCHES];
	nfds_t count;
};

static void watch(struct watches *watches, int fd, short events,
		  void (*ready)(struct monitor *monitor, int place, short events), int place)
{
	if (fd < 0)
		return;
	watches->polled[watches->count] = (struct pollfd){ .fd = fd, .events = events };
	watches->then[watches->count].ready = ready;
	watches->then[watches->count++].place = place;
}

static bool reads_output(const struct monitor *monitor)
{
	return clients_have_room(monitor) && (monitor->parked_ms == 0 || clock_ms() >= monitor->parked_ms);
}

static void gather(struct watches *watches, const struct monitor *monitor)
{
	bool terminal = monitor->config->tty != 0;

	watches->count = 0;
	watch(watches, monitor->signals, POLLIN, children_ready, 0);
	watch(watches, monitor->launch_report, POLLIN, launch_report_ready, 0);
	watch(watches, monitor->console, POLLIN, console_ready, 0);
	for (int place = 0; place < 2 && reads_output(monitor); place++)
		watch(watches, monitor->output[place], POLLIN, output_ready, place);
	/* A pipe without a reader shows as POLLERR; a terminal nobody has open would show as POLLHUP all the time. */
	if (monitor->input_length > 0 || !terminal)
		watch(watches, monitor->input, monitor->input_length > 0 ? POLLOUT : 0, input_ready, 0);
	for (int place = 0; place < CLIENTS; place++) {
		const struct client *client = &monitor->clients[place];
		short wants = client->fd < 0 ? 0 : client_wants(monitor, client);

		if (wants != 0)
			watch(watches, client->fd, wants, client_ready, place);
	}
	watch(watches, monitor->health.timer, POLLIN, health_timer_ready, 0);
	watch(watches, monitor->health.output, POLLIN, health_output_ready, 0);
	watch(watches, monitor->notify, POLLIN, service_ready, 0);
	watch(watches, monitor->listener, POLLIN, client_accept, 0);
}

void monitor_tell_ready(struct monitor *monitor, int status)
{
	uint8_t byte = (uint8_t)status;

	if (monitor->ready < 0)
		return;
	if (write(monitor->ready, &byte, 1) < 0)
		errno = 0; /* whoever has gone meanwhile does not want to know */
	close(monitor->ready);
	close(monitor->report);
	monitor->ready = monitor->report = -1;
}

/* The launch role has ended and nobody can report any more: the container runs, or it never will. */
static void launched(struct monitor *monitor)
{
	char line[40];
	char *pid = put_text(line, "started pid=");
	char *end = put_number(pid, (uint64_t)monitor->init);
	int status = monitor->launch_status;

	if (monitor->error == 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0 && monitor->init > 0))
		launch_failed(monitor, WIFSIGNALED(status) ? EINTR : EPROTO, "launch");
	if (monitor->error != 0) {
		conclude_failure(monitor);
		return;
	}
	monitor->phase = RUNNING;
	monitor->started = clock_ns();
	*end = 0;
	unlink("exit"); /* of the run before */
	journal_line(monitor->started, line);
	health_begin(monitor);
	clients_send(monitor, FRAME_STARTED, pid, (size_t)(end - pid));
	service_started(monitor);
	monitor_tell_ready(monitor, 0);
	early_signals(monitor);
}

static void hold(struct monitor *monitor)
{
	bool present = clients_count(monitor) > 0;

	if ((monitor->visited && !present) || clock_ms() - monitor->since_ms >= HOLD_MS)
		monitor->phase = GONE;
	monitor->visited = monitor->visited || present;
}

static void advance(struct monitor *monitor)
{
	if (monitor->phase == HOLDING)
		hold(monitor);
	if (monitor->phase == LAUNCHING && monitor->launch_ended && monitor->launch_report < 0)
		launched(monitor);
	if (monitor->phase == RUNNING && monitor->init_ended) {
		monitor->phase = DRAINING;
		monitor->since_ms = clock_ms();
		monitor->drain_left = DRAIN_READS;
	}
	if (monitor->phase == DRAINING) {
		clients_pending(monitor);
		if (output_drain(monitor))
			conclude(monitor);
	}
	if (monitor->phase == LEAVING && !clients_pending(monitor)) {
		if (monitor->again)
			restart_wait(monitor);
		else
			monitor->phase = GONE;
	}
	if (monitor->phase == WAITING && clock_ms() >= monitor->again_ms)
		restart_now(monitor);
}

static int patience(const struct monitor *monitor)
{
	if (monitor->phase == RUNNING || monitor->phase == LAUNCHING)
		return monitor->parked_ms > clock_ms() ? PARK_MS : -1;
	if (monitor->phase == WAITING)
		return monitor->again_ms > clock_ms() ? (int)(monitor->again_ms - clock_ms()) : 0;
	return TURN_MS;
}

static int await(const struct monitor *monitor, struct watches *watches)
{
	int limit = patience(monitor);
	int count = poll(watches->polled, watches->count, limit < 0 ? IDLE_MS : limit);

	return count == 0 && limit < 0 ? idle_poll(monitor, watches->polled, watches->count) : count;
}

void monitor_loop(struct monitor *monitor)
{
	static struct watches watches;

	for (advance(monitor); monitor->phase != GONE; advance(monitor)) {
		gather(&watches, monitor);
		if (await(monitor, &watches) <= 0)
			continue;
		for (nfds_t i = 0; i < watches.count; i++)
			if (watches.polled[i].revents != 0)
				watches.then[i].ready(monitor, watches.then[i].place, watches.polled[i].revents);
	}
}
