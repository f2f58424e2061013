/* The `monitor` role: launcher monitor PLAN_FD REPORT_FD. The start; monitor_loop.c has the rest of its life. */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "proc.h"
#include "roles.h"

enum { PLAN_MAX = 256 * 1024, ARENA_MAX = 1024 * 1024, EXIT_ROOM = 4096 };

static uint8_t plan_bytes[PLAN_MAX];
static _Alignas(16) uint8_t arena_memory[ARENA_MAX];

/* The one step of a monitor's plan. */
static int read_config(int fd, const struct step_monitor **out)
{
	struct arena arena = { arena_memory, sizeof(arena_memory), 0 };
	struct plan plan;
	ssize_t length = pread(fd, plan_bytes, sizeof(plan_bytes), 0);
	int error;

	if (length < 0)
		return -errno;
	error = decode_plan(plan_bytes, (size_t)length, &arena, &plan);
	if (error < 0)
		return error;
	if (plan.program_count != 1 || plan.programs[0].count != 1 ||
	    plan.programs[0].steps[0].shape->code != STEP_MONITOR)
		return -EPROTO;
	*out = plan.programs[0].steps[0].body;
	return 0;
}

/* Descriptor of the lock file, held to the end. */
static int locked = -1;

/*
 * The lock keeps a second monitor away: the kernel lets go of it, however we end. Its file names us, "PID STARTTIME",
 * which is how everybody sees that a monitor lives: to ask the kernel who holds a lock (/proc/locks) takes it a grace
 * period of many milliseconds.
 */
static int lock(void)
{
	char name[64], *at;
	uint64_t ticks;

	locked = open("lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (locked < 0)
		return -errno;
	if (flock(locked, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (proc_start_time(getpid(), &ticks) < 0)
		return -ESRCH;
	at = put_text(put_number(name, (uint64_t)getpid()), " ");
	at = put_text(put_number(at, ticks), "\n");
	if (ftruncate(locked, 0) < 0 || pwrite(locked, name, (size_t)(at - name), 0) != at - name)
		return -errno;
	return 0;
}

/* What is executed in our place has our pid and start time, but is no monitor. */
static void unlock(void)
{
	if (ftruncate(locked, 0) < 0)
		unlink("lock");
}

int reserve_exit(void)
{
	int fd = open("exit.new", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	/* Not every file system can. */
	if (fallocate(fd, 0, 0, EXIT_ROOM) < 0 && errno != EOPNOTSUPP) {
		close(fd);
		return -errno;
	}
	close(fd);
	return 0;
}

/* Leaves nothing of an earlier life. */
static int clear_results(void)
{
	static const char *const results[] = { "exit", "failure", "pid", "health", "health.0",
					     "health.1", "health.2", "health.3", "health.4" };

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (unlink(results[i]) < 0 && errno != ENOENT)
			return -errno;
	return reserve_exit();
}

static void detach_stdio(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int place = 0; place < 3; place++)
		dup2(fd, place);
	if (fd > 2)
		close(fd);
}

/* Keeps only the two descriptors besides 0, 1 and 2, and the sockets. */
static void close_others(int report, int ready, int sockets)
{
	int last = ready;

	for (int fd = 3; fd <= last; fd++)
		if (fd != report && fd != ready && (fd < FIRST_SOCKET || fd >= FIRST_SOCKET + sockets))
			close(fd);
	sys_close_range((unsigned)last + 1, ~0u);
	fcntl(report, F_SETFD, FD_CLOEXEC);
}

/* Each part of the start, and what it works on, for the report of a failure. */
static int prepare(struct monitor *monitor, const char **at)
{
	const struct step_monitor *config = monitor->config;
	int error;

	*at = config->dir.text;
	if (chdir(config->dir.text) < 0)
		return -errno;
	*at = "lock";
	error = lock();
	if (error == 0) {
		*at = "exit";
		error = clear_results();
	}
	if (error == 0) {
		*at = config->log.text;
		error = log_open(&monitor->log);
	}
	if (error == 0) {
		*at = "notify/notify.sock";
		error = service_open(monitor);
	}
	if (error == 0) {
		*at = "attach.sock";
		error = clients_listen(monitor);
	}
	return error < 0 ? error : become_monitor(monitor);
}

/*
 * In place of the monitor: the lock goes with its close-on-exec descriptor. A service manager looks at our exit status,
 * so there it is a child.
 */
static int leave(const struct monitor *monitor)
{
	const struct step_monitor *config = monitor->config;
	int code = monitor->exit_lost || monitor->error != 0 ? EXIT_STEP_FAILED : exit_code(monitor);
	/* The one who asked for the start is told; of a restart nobody is. */
	bool told = monitor->restarts == 0 && (monitor->error != 0 || monitor->init == 0);
	pid_t child = 0;

	container_end(&config->cgroup);
	if (config->on_exit.count == 0 || monitor->attended || told)
		return code;
	restore_process();
	unlock();
	if (config->notify.len > 0)
		child = fork();
	if (child == 0)
		execve(config->on_exit.items[0], config->on_exit.items, config->on_exit_env.items);
	else if (child > 0)
		waitpid(child, NULL, 0);
	return child > 0 ? code : EXIT_STEP_FAILED;
}

static int supervise(struct monitor *monitor)
{
	const char *at = "";
	int error = prepare(monitor, &at);

	if (error < 0) {
		struct report record = { .kind = REPORT_FAIL, .step = NO_STEP, .value = -error, .path = at };

		report_send(monitor->report, &record);
		monitor_tell_ready(monitor, EXIT_STEP_FAILED);
		return EXIT_STEP_FAILED;
	}
	monitor->since_ms = clock_ms();
	if (monitor->config->hold != 0)
		monitor_tell_ready(monitor, 0);
	else
		launch_start(monitor);
	monitor_loop(monitor);
	clients_close(monitor);
	if (monitor->launch > 0 || monitor->restarts > 0)
		return leave(monitor);
	unlink("exit.new"); /* never started: nothing stays */
	return 0;
}

/* The initial process goes when the monitor says so; a monitor that died without a word has failed. */
static int await_ready(int ready)
{
	uint8_t status;
	ssize_t count;

	do {
		count = read(ready, &status, 1);
	} while (count < 0 && errno == EINTR);
	return count == 1 ? status : EXIT_STEP_FAILED;
}

static void configure(struct monitor *monitor, const struct step_monitor *config)
{
	monitor->config = config;
	monitor->restart = config->restart;
	monitor->listener = monitor->launch_report = monitor->console = monitor->input = monitor->notify = -1;
	monitor->output[0] = monitor->output[1] = -1;
	monitor->health.timer = monitor->health.output = monitor->health.report = -1;
	monitor->rows = (uint16_t)config->rows;
	monitor->columns = (uint16_t)config->columns;
	monitor->log = (struct log){ .path = config->log.len > 0 ? config->log.text : NULL, .fd = -1,
				     .driver = config->log_driver, .extra = config->log_extra.text,
				     .max_bytes = config->log_max_bytes, .max_files = config->log_max_files };
}

int monitor_main(int argc, char **argv)
{
	static struct monitor monitor;
	const struct step_monitor *config = NULL;
	int plan = descriptor_argument(argc >= 4 ? argv[2] : NULL);
	int report = descriptor_argument(argc >= 4 ? argv[3] : NULL);
	int ready[2];
	pid_t child;

	monitor.sockets = service_sockets(argc, argv);
	if (plan < 3 || report < 3 || monitor.sockets < 0 || read_config(plan, &config) < 0 || pipe2(ready, O_CLOEXEC) < 0)
		return EXIT_REFUSED;
	child = fork();
	if (child < 0)
		return EXIT_STEP_FAILED;
	if (child > 0) {
		close(ready[1]);
		return await_ready(ready[0]);
	}
	setsid();
	idle_init();
	monitor.report = report;
	monitor.ready = ready[1];
	close_others(report, ready[1], monitor.sockets);
	detach_stdio();
	configure(&monitor, config);
	_exit(supervise(&monitor));
}
