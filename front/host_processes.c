/* Starting programs, waiting for their end and for signals, and becoming another program. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "embedded.h"
#include "host.h"
#include "stamp.h"
#include "stored.h"

#define HIGH_FD 64
#define MOST_FDS 256
#define MOST_WATCHED 16

extern char **environ;
static sigset_t awaited, at_start;

void host_processes_prepare(void)
{
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigprocmask(SIG_BLOCK, &awaited, &at_start);
	signal(SIGPIPE, SIG_IGN);
}

static uint32_t length_of(JSContext *context, JSValueConst list)
{
	JSValue length = JS_GetPropertyStr(context, list, "length");
	int64_t value = 0;
	JS_ToInt64(context, &value, length);
	JS_FreeValue(context, length);
	return (uint32_t)value;
}

static void free_strings(char **vector)
{
	for (char **at = vector; at && *at; at++)
		free(*at);
	free(vector);
}

/* A NULL-terminated vector of copies, freed with free_strings; NULL (and an exception) unless all of it is there. */
static char **strings(JSContext *context, JSValueConst list)
{
	uint32_t count = length_of(context, list);
	char **vector = calloc(count + 1, sizeof *vector);
	for (uint32_t i = 0; vector && i < count; i++) {
		JSValue item = JS_GetPropertyUint32(context, list, i);
		const char *text = host_text(context, item);
		vector[i] = text ? strdup(text) : NULL;
		JS_FreeCString(context, text);
		JS_FreeValue(context, item);
		if (!vector[i]) {
			free_strings(vector);
			vector = NULL;
		}
	}
	if (!vector && !JS_HasException(context))
		JS_ThrowOutOfMemory(context);
	return vector;
}

/* Copies of the descriptors for the child out of the way of the numbers that they get there; -1 stands for /dev/null. */
static int take_descriptors(JSContext *context, JSValueConst list, int *copies, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		JSValue item = JS_GetPropertyUint32(context, list, i);
		int32_t fd = -1;
		JS_ToInt32(context, &fd, item);
		JS_FreeValue(context, item);
		copies[i] = fd < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
		if (copies[i] < 0)
			return errno;
	}
	return 0;
}

static int start(pid_t *pid, char **arguments, char **variables, const int *copies, uint32_t count)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	for (uint32_t i = 0; i < count; i++)
		posix_spawn_file_actions_adddup2(&actions, copies[i], (int)i);
	sigfillset(&all);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &at_start);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	int error = posix_spawn(pid, arguments[0], &actions, &attributes, arguments, variables);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error;
}

/* spawn(arguments, environment, descriptors): the child's pid. */
HOST_FUNCTION(spawn_program)
{
	(void)self, (void)argc;
	int copies[MOST_FDS];
	uint32_t count = length_of(context, argv[2]);
	if (count > MOST_FDS)
		return JS_ThrowRangeError(context, "too many descriptors");
	memset(copies, -1, sizeof copies);
	char **arguments = strings(context, argv[0]);
	char **variables = arguments ? strings(context, argv[1]) : NULL;
	if (!variables) {
		free_strings(arguments);
		return JS_EXCEPTION;
	}
	pid_t pid = -1;
	int error = take_descriptors(context, argv[2], copies, count);
	if (!error)
		error = start(&pid, arguments, variables, copies, count);
	for (uint32_t i = 0; i < count; i++)
		if (copies[i] >= 0)
			close(copies[i]);
	JSValue result = error ? host_fail(context, error, "spawn", arguments[0]) :
				 JS_NewInt32(context, pid);
	free_strings(arguments);
	free_strings(variables);
	stamp("sealing the launcher, and starting it");
	return result;
}

/* Also wakes `next`. From then on the signal does nothing by itself. */
HOST_FUNCTION(listen_to)
{
	(void)self;
	sigset_t one;
	int signal_number = (int)host_number(context, argc, argv, 0, 0);
	int on = JS_ToBool(context, argv[1]);
	sigemptyset(&one);
	sigaddset(&one, signal_number);
	if (on)
		sigaddset(&awaited, signal_number);
	else
		sigdelset(&awaited, signal_number);
	sigprocmask(on ? SIG_BLOCK : SIG_UNBLOCK, &one, NULL);
	return JS_UNDEFINED;
}

static JSValue event(JSContext *context, const char *kind, int a, int b)
{
	JSValue list = JS_NewArray(context);
	JS_SetPropertyUint32(context, list, 0, JS_NewString(context, kind));
	JS_SetPropertyUint32(context, list, 1, JS_NewInt32(context, a));
	JS_SetPropertyUint32(context, list, 2, JS_NewInt32(context, b));
	return list;
}

static JSValue ended_child(JSContext *context)
{
	int status;
	pid_t ended = waitpid(-1, &status, WNOHANG);
	return ended > 0 ? event(context, "exit", ended, status) : JS_NULL;
}

/* A signal that has arrived, or the end of a child; JS_NULL when there is neither. */
static JSValue arrived(JSContext *context)
{
	static const struct timespec at_once = { 0 };
	for (;;) {
		JSValue child = ended_child(context);
		if (!JS_IsNull(child))
			return child;
		int number = sigtimedwait(&awaited, NULL, &at_once);
		if (number > 0 && number != SIGCHLD)
			return event(context, "signal", number, 0);
		if (number < 0)
			return JS_NULL;
	}
}

static int watched(JSContext *context, JSValueConst list, struct pollfd *polled, int count)
{
	uint32_t length = length_of(context, list);
	for (uint32_t i = 0; i < length; i++, count++) {
		JSValue item = JS_GetPropertyUint32(context, list, i);
		int32_t word = 0;
		JS_ToInt32(context, &word, item);
		JS_FreeValue(context, item);
		polled[count] = (struct pollfd){ .fd = word >> 1, .events = word & 1 ? POLLOUT : POLLIN };
	}
	return count;
}

/*
 * next(milliseconds, watched): ["exit", pid, wait status], ["signal", number, 0], ["ready", watched, 0], or null when
 * the time is over; -1 waits for ever. What is watched is a descriptor times two, plus one for writing.
 */
HOST_FUNCTION(next_event)
{
	(void)self;
	struct pollfd polled[MOST_WATCHED + 1];
	int64_t patience = host_number(context, argc, argv, 0, -1);
	if (length_of(context, argv[1]) > MOST_WATCHED)
		return JS_ThrowRangeError(context, "too many descriptors are watched");
	int signals = signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return host_fail(context, errno, "signalfd", NULL);
	polled[0] = (struct pollfd){ .fd = signals, .events = POLLIN };
	int count = watched(context, argv[1], polled, 1);
	JSValue found = arrived(context);
	while (JS_IsNull(found)) {
		int ready = poll(polled, (nfds_t)count, (int)patience);
		if (ready == 0)
			break;
		if (ready > 0 && polled[0].revents)
			found = arrived(context);
		for (int i = 1; ready > 0 && JS_IsNull(found) && i < count; i++)
			if (polled[i].revents)
				found = event(context, "ready", polled[i].fd * 2 + (polled[i].events == POLLOUT), 0);
	}
	close(signals);
	stamp("the launcher: what the kernel is asked for, and the program");
	return found;
}

HOST_FUNCTION(send_signal)
{
	(void)self;
	pid_t pid = (pid_t)host_number(context, argc, argv, 0, 0);
	return kill(pid, (int)host_number(context, argc, argv, 1, 0)) < 0 ? host_fail(context, errno, "kill", NULL) :
									       JS_UNDEFINED;
}

HOST_FUNCTION(sleep_for)
{
	(void)self;
	poll(NULL, 0, (int)host_number(context, argc, argv, 0, 0));
	return JS_UNDEFINED;
}

/* become(path, arguments): only returns by throwing. */
HOST_FUNCTION(become)
{
	(void)self, (void)argc;
	const char *path = host_text(context, argv[0]);
	char **arguments = path ? strings(context, argv[1]) : NULL;
	if (!arguments) {
		JS_FreeCString(context, path);
		return JS_EXCEPTION;
	}
	sigprocmask(SIG_SETMASK, &at_start, NULL);
	signal(SIGPIPE, SIG_DFL);
	execve(path, arguments, environ);
	JSValue result = host_fail(context, errno, "execve", path);
	JS_FreeCString(context, path);
	free_strings(arguments);
	return result;
}

/* A path of the launcher inside this executable, sealed in memory: it needs no further copy of itself. */
HOST_FUNCTION(launcher)
{
	(void)self, (void)argc, (void)argv;
	static int fd = -1;
	char path[64];
	stamp("TypeScript: the record of the container");
	if (fd < 0) {
		int low = sealed_launcher();
		fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, HIGH_FD);
		close(low);
	}
	if (fd < 0)
		return host_fail(context, errno, "memfd_create", NULL);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return JS_NewString(context, path);
}

/* launcherIs(path): whether the file there is the launcher of this executable. */
HOST_FUNCTION(launcher_is)
{
	(void)self, (void)argc;
	struct stat found;
	const char *path = host_text(context, argv[0]);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	bool same = false;
	if (!path)
		return JS_EXCEPTION;
	JS_FreeCString(context, path);
	if (fd < 0)
		return JS_FALSE;
	if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && (size_t)found.st_size == embedded_launcher_size) {
		void *bytes = mmap(NULL, embedded_launcher_size, PROT_READ, MAP_PRIVATE, fd, 0);
		same = bytes != MAP_FAILED && memcmp(bytes, embedded_launcher, embedded_launcher_size) == 0;
		if (bytes != MAP_FAILED)
			munmap(bytes, embedded_launcher_size);
	}
	close(fd);
	return JS_NewBool(context, same);
}

HOST_FUNCTION(monotonic)
{
	(void)self, (void)argc, (void)argv;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return JS_NewFloat64(context, (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6);
}

const JSCFunctionListEntry host_processes[] = {
	JS_CFUNC_DEF("spawn", 3, spawn_program),  JS_CFUNC_DEF("listen", 2, listen_to),
	JS_CFUNC_DEF("next", 2, next_event),	  JS_CFUNC_DEF("kill", 2, send_signal),
	JS_CFUNC_DEF("sleep", 1, sleep_for),	  JS_CFUNC_DEF("become", 2, become),
	JS_CFUNC_DEF("launcher", 0, launcher),	  JS_CFUNC_DEF("monotonic", 0, monotonic),
	JS_CFUNC_DEF("launcherIs", 1, launcher_is),
};
const int host_processes_count = COUNT(host_processes);
