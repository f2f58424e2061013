/*
 * The monitor role: one process per container that outlives whoever started it. docs/monitor.md is its contract.
 * All memory is static and touched only when used: an idle monitor should cost next to nothing.
 */
#ifndef SAMPAN_MONITOR_H
#define SAMPAN_MONITOR_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "report.h"
#include "steps.gen.h"

enum {
	CLIENTS = 16,
	READ_SIZE = 64 * 1024,	      /* most that is read from the container at once */
	OUTPUT_ROOM = 128 * 1024,     /* unsent output of one client that stops the reading */
	STATE_ROOM = 3 * REPORT_MAX,  /* kept free for frames about the state */
	INPUT_ROOM = 16 * 1024,	      /* standard input on its way to the container */
	PAYLOAD_MAX = 1024 * 1024,    /* of a client's frame */
	HOLD_MS = 10 * 1000,	      /* for the first client to say start */
	IDLE_MS = 100,		      /* without any event, after which memory is given back */
	PARK_MS = 200,
	STALL_MS = 5 * 1000,	      /* a client that takes nothing for so long after the end is left behind */
	FAREWELL_MS = 200,	      /* that clients have to close their side, when all has been said */
	FAILURE_MAX = 2 * REPORT_MAX,
	CHECK_OUTPUT = 4096, /* kept of what a health check writes */
	FIRST_SOCKET = 5,	      /* of those that a service manager opened, at most SOCKETS, one after the other */
	SOCKETS = 32,
	FRAME_HEAD = 8, /* type, three zeros, length of the payload in network order */
};

enum frame {
	/* to the client */
	FRAME_STDOUT = 1, FRAME_STDERR = 2, FRAME_STARTED = 16, FRAME_FAILED = 17, FRAME_EXITED = 18, FRAME_WARNED = 19,
	FRAME_RESTARTING = 20, FRAME_CHECKED = 21,
	/* from the client */
	FRAME_STDIN = 0, FRAME_START = 32, FRAME_RESIZE = 33, FRAME_CLOSE_STDIN = 34, FRAME_QUIET = 35, FRAME_SIGNAL = 36,
	FRAME_REOPEN_LOG = 37, FRAME_RESTART = 38, FRAME_CHECK = 39,
};

enum { PAGE = 4096 };

enum log_driver { LOG_LINES = 0, LOG_JSON = 1, LOG_JOURNAL = 2 };

enum {
	LOG_PIECE = 16 * 1024,	   /* of a longer line, which is logged in parts */
	LOG_EXTRA_MAX = 16 * 1024, /* of what is in every record */
	LOG_FRAME = 128,	   /* of a record, without its text and the extra part */
	LOG_ROOM = 6 * LOG_PIECE + LOG_EXTRA_MAX + LOG_FRAME,
	STAMP_SIZE = 30,
	HELD_MAX = 4, /* room before the output for what was held back of a character */
};

enum phase { HOLDING, LAUNCHING, RUNNING, DRAINING, LEAVING, WAITING, GONE };

/* When a run that has ended is followed by another; n from AFTER_FAILURE on: after failures, n - AFTER_FAILURE times at most. */
enum { NEVER_AGAIN = 0, ALWAYS_AGAIN = 1, AFTER_FAILURE = 2 };
#define LAST_RUN UINT32_MAX /* never, and that is final */

/* All large buffers, in whole pages, so that an idle monitor can give them back. */
struct scratch {
	uint8_t output[HELD_MAX + READ_SIZE];
	uint8_t input[INPUT_ROOM];
	uint8_t records[2 * REPORT_MAX];
	char log[LOG_ROOM];
	char check[CHECK_OUTPUT];
	char result[CHECK_OUTPUT + 2 * REPORT_MAX + REPORT_MAX];
	uint8_t clients[CLIENTS][OUTPUT_ROOM + STATE_ROOM];
} __attribute__((aligned(PAGE)));
extern struct scratch scratch;

struct client {
	int fd; /* -1 when the place is free */
	bool quiet;
	bool waits; /* it asked for the end alone */
	bool starter; /* it said start, and sees to the end itself while it is here */
	uint8_t head_length; /* of the frame at hand */
	uint8_t head[8];
	uint8_t body_length; /* of a frame other than stdin */
	uint8_t body[4];
	uint32_t left; /* payload that is still to come */
	uint32_t out_start, out_length;
	int64_t moved_ms; /* when it last took something */
};

struct log {
	const char *path; /* NULL for none */
	uint32_t driver;
	const char *extra; /* in every record: members of a JSON object, or fields for the journal */
	uint64_t max_bytes;
	uint32_t max_files;
	int fd;
	uint64_t size;
	uint64_t dropped; /* lines lost since the last successful write */
	uint32_t gathered, lines; /* what lies in the buffer */
	uint64_t rotations;
	bool ending; /* nothing more will come */
	uint8_t held_length[2], held[2][HELD_MAX];
};

/* A line or a part of one. */
struct piece {
	char stamp[STAMP_SIZE + 1];
	int place; /* 0 stdout, 1 stderr */
	const uint8_t *text;
	size_t length;
	bool whole;
};

/* Of the container's health, and of the check that runs. */
struct health {
	int timer; /* -1 until the container runs, and for good when nothing is checked */
	int output, report;
	pid_t pid; /* of the check's launch role; 0 when none runs */
	uint8_t status;
	bool late;   /* the check was killed at its time-out */
	bool cut;    /* it wrote more than is kept */
	bool held;   /* the container was paused meanwhile */
	bool ending; /* the container is being ended for being unhealthy */
	bool renewed; /* and is to be started anew */
	uint32_t streak, number, length;
	uint64_t started; /* nanoseconds since 1970 */
	int64_t began_ms, check_ms;
};

struct monitor {
	const struct step_monitor *config;
	enum phase phase;
	int report; /* the caller's; -1 once it need not hear more */
	int ready;  /* tells the initial process its exit status; -1 once told */
	int listener, signals;
	int notify;  /* where the container says that it is ready */
	int sockets; /* how many */
	int launch_report, console;
	int output[2]; /* stdout and stderr, or the terminal's master and none */
	int input;
	bool input_closing; /* close it when what is buffered has gone */
	bool drained[2];
	uint32_t drain_left;
	uint32_t input_start, input_length;
	pid_t launch, init;
	uint64_t early_signals; /* came before the container ran; bit 0 is signal 1 */
	bool launch_ended, init_ended;
	int launch_status, init_status;
	int error; /* errno of the failed launch */
	uint16_t rows, columns;
	uint64_t started, finished; /* nanoseconds since 1970 */
	bool exit_lost; /* it could not be written */
	bool visited; /* a client has been here */
	bool attended; /* the starter was there when the end was told */
	int64_t since_ms; /* start of the hold, or of the end */
	int64_t parked_ms; /* until then a terminal that nobody has open is left alone */
	uint32_t failure_length, record_length, exit_length;
	uint32_t restart;    /* the policy */
	uint32_t restarts;   /* so far */
	bool again;	     /* another run follows */
	int64_t delay_ms;    /* before the next one */
	int64_t again_ms;    /* when it begins */
	struct log log;
	struct health health;
	struct client clients[CLIENTS];
};

/* monitor_clock.c */
int64_t clock_ms(void);
uint64_t clock_ns(void);
/* Appends text, or a number in decimal, at `at`; returns the new end. */
char *put_text(char *at, const char *text);
char *put_number(char *at, uint64_t number);
/* Appends a line `name` and number. */
char *put_field(char *at, const char *name, uint64_t value);
/* Reads a number that a file holds in decimal after `key` at the start of a line (or the file); -1 when there is none. */
int64_t read_number(int directory, const char *path, const char *key);

/* monitor_log.c: where it goes. */
int log_open(struct log *log);
/* HELD_MAX bytes before `data` are overwritten. */
void log_chunk(struct log *log, int place, uint8_t *data, size_t length);
/* Logs what was held back for its end. */
void log_end(struct log *log);
void log_reopen(struct log *log);
/* monitor_record.c: how it is written. */
void log_stamp(char at[STAMP_SIZE + 1]);
/* The next nanosecond, so that no two lines of one read have the same time. */
void log_stamp_next(char at[STAMP_SIZE + 1]);
/* How many bytes at the end are the beginning of a UTF-8 character. */
size_t log_cut_off(const uint8_t *text, size_t length);
char *log_put(char *at, const struct log *log, const struct piece *piece);
bool log_to_journal(const struct log *log, const struct piece *piece);

/* monitor_launch.c: starting the container. */
int launch_start(struct monitor *monitor);
/* What a child with the launch role gets; -1: /dev/null, as in the monitor, or nothing. */
struct child_ends {
	int stdio[3];
	int plan, report, console;
};
#define NO_ENDS { { -1, -1, -1 }, -1, -1, -1 }
pid_t launch_child(struct child_ends *ends, int sockets);
void close_ends(const struct child_ends *ends);
/* A pipe whose end `ours` (0 or 1) does not block. */
int half_pipe(int ours, int *mine, int *theirs);
/* monitor_report.c */
void launch_report_ready(struct monitor *monitor, int place, short events);
void console_ready(struct monitor *monitor, int place, short events);
void children_ready(struct monitor *monitor, int place, short events);
/* Keeps a fail record; the first one says what the error was. */
void launch_failed(struct monitor *monitor, int error, const char *path);
const uint8_t *launch_failure(const struct monitor *monitor);
/* monitor_self.c: makes this process a monitor, and back again for a program that it executes. */
int become_monitor(struct monitor *monitor);
void restore_process(void);

/* monitor_client.c: the attach socket. */
int clients_listen(struct monitor *monitor);
void client_accept(struct monitor *monitor, int place, short events);
void client_flush(const struct monitor *monitor, struct client *client);
void client_drop(struct client *client);
/* monitor_frame.c */
void client_ready(struct monitor *monitor, int place, short events);
/* Hands on the signals that came while the container was being started. */
void early_signals(struct monitor *monitor);
/* What to poll a client for; 0 for nothing now. */
short client_wants(const struct monitor *monitor, const struct client *client);
void clients_send(struct monitor *monitor, enum frame type, const void *data, size_t length);
/* Whether every client that wants output can take another READ_SIZE. */
bool clients_have_room(const struct monitor *monitor);
unsigned clients_count(const struct monitor *monitor);
/* Drops clients that took nothing for STALL_MS of the end; returns whether some still have unsent data. */
bool clients_pending(struct monitor *monitor);
void clients_close(struct monitor *monitor);

/* monitor_stream.c: the container's standard streams. */
void output_ready(struct monitor *monitor, int place, short events);
/* Takes what the container has written; true when there is no more. */
bool output_drain(struct monitor *monitor);
void input_ready(struct monitor *monitor, int place, short events);
uint32_t input_room(const struct monitor *monitor);
/* Takes data for the container's standard input, at most input_room(); what nobody will read is dropped. */
void input_put(struct monitor *monitor, const uint8_t *data, uint32_t length);
void input_close(struct monitor *monitor);
void resize_terminal(struct monitor *monitor, uint16_t rows, uint16_t columns);

/* monitor_end.c: the end, durable before it is told. */
int write_aside(const char *name, const void *data, size_t length, bool durable);
void conclude(struct monitor *monitor);
const char *exit_text(void);
/* Exit status of the container as a shell counts it. */
int exit_code(const struct monitor *monitor);
/* The launch has failed; its records are kept. */
void conclude_failure(struct monitor *monitor);

/* monitor_cgroup.c */
void container_end(const struct texts *directories);
/* One pass: kills what is in the group, and removes it if that was quick. */
void cgroup_remove(const char *directory);
bool cgroups_held(const struct texts *directories);
/* The largest number after `key` (read_number) in a file of these directories; -1 for none. */
int64_t cgroups_number(const struct texts *directories, const char *file, const char *key);

/* monitor_health.c */
void health_begin(struct monitor *monitor);
void health_stop(struct monitor *monitor);
/* Starts a check now, unless one runs. */
void health_check(struct monitor *monitor);
void health_check_ended(struct monitor *monitor, int status);
void health_output_ready(struct monitor *monitor, int place, short events);
void health_timer_ready(struct monitor *monitor, int place, short events);

/* monitor_end.c */
/* Writes the exit status once more, as that of the last run, and tells it. */
void conclude_waiting(struct monitor *monitor);

/* monitor_restart.c: one run after another. */
/* Decides, at the end of a run, whether and when another follows. */
void restart_decide(struct monitor *monitor, int code);
/* That another one follows is told to who looks at the journal and at the container's files. */
void restart_note(const struct monitor *monitor);
/* The policy for the ends to come, and for the one that has just been. */
void restart_policy(struct monitor *monitor, uint32_t policy);
/* From the end of a run, once it has been told, to its successor. */
void restart_wait(struct monitor *monitor);
void restart_now(struct monitor *monitor);
/* monitor.c: takes room for the exit status now: the disk may be full when it comes. */
int reserve_exit(void);

/* monitor_journal.c: notes an event, `NAME key=value ...`, that happened at `time`. What cannot be written is lost. */
void journal_line(uint64_t time, const char *text);

/* monitor_service.c: a container as a service of systemd's. */
int service_open(struct monitor *monitor);
/* Tells the service manager that the container runs. */
void service_started(const struct monitor *monitor);
void service_ready(struct monitor *monitor, int place, short events);
/* Number of the sockets on the command line, or a negative errno. */
int service_sockets(int argc, char **argv);

/* monitor_idle.c: waiting at the least cost. */
void idle_init(void);
/* poll(2) without end, having given back what need not be in memory meanwhile. */
int idle_poll(const struct monitor *monitor, struct pollfd *polled, nfds_t count);

/* monitor_loop.c */
void monitor_loop(struct monitor *monitor);
/* Tells the initial process how it ends; only the first call counts. */
void monitor_tell_ready(struct monitor *monitor, int status);

#endif
