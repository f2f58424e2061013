/* An ordinary user's way into a user namespace of theirs, where they are root of themselves and of their subordinate ids. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

#define MARK "SAMPAN_ROOTLESS_UID"
#define MAPPERS 2
#define MOST_WORDS 32

extern char **environ;

/* lock(path): the file, made when it is missing, held by this process alone until it is closed. */
HOST_FUNCTION(lock_file)
{
	(void)self, (void)argc;
	const char *path = host_text(context, argv[0]);
	if (!path)
		return JS_EXCEPTION;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	while (fd >= 0 && flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			int number = errno;
			close(fd);
			fd = -1;
			errno = number;
		}
	JSValue result = fd < 0 ? host_fail(context, errno, "flock", path) : JS_NewInt32(context, fd);
	JS_FreeCString(context, path);
	return result;
}

/* Mounts of one's own, into which the host's still come. The mark tells what is executed next whose namespace this is. */
static JSValue own_mounts(JSContext *context, uid_t user)
{
	char number[16];
	if (geteuid() != 0)
		return host_fail(context, EPERM, "setns", "user namespace");
	if (unshare(CLONE_NEWNS) < 0)
		return host_fail(context, errno, "unshare", "mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return host_fail(context, errno, "mount", "/");
	snprintf(number, sizeof number, "%u", user);
	setenv(MARK, number, 1);
	return JS_UNDEFINED;
}

static bool is_own(int fd)
{
	struct stat there, here;
	return fstat(fd, &there) == 0 && stat("/proc/self/ns/user", &here) == 0 && there.st_dev == here.st_dev &&
	       there.st_ino == here.st_ino;
}

/* joinUser(fd): enters the user namespace in fd; false when it is the one that this process is in. */
HOST_FUNCTION(join_user)
{
	(void)self;
	uid_t user = geteuid();
	int fd = (int)host_number(context, argc, argv, 0, -1);
	if (is_own(fd))
		return JS_FALSE;
	if (setns(fd, CLONE_NEWUSER) < 0)
		return host_fail(context, errno, "setns", "user namespace");
	JSValue failed = own_mounts(context, user);
	return JS_IsException(failed) ? failed : JS_TRUE;
}

struct mapper {
	const char *words[MOST_WORDS + 1];
	int go;
	pid_t pid;
};

static void free_words(JSContext *context, struct mapper *mapper)
{
	for (int i = 0; i < MOST_WORDS && mapper->words[i]; i++)
		JS_FreeCString(context, mapper->words[i]);
}

/* The words of one mapper; the list ends at the first that is none. */
static bool take_words(JSContext *context, JSValueConst list, struct mapper *mapper)
{
	for (uint32_t i = 0; i < MOST_WORDS; i++) {
		JSValue item = JS_GetPropertyUint32(context, list, i);
		bool is_last = !JS_IsString(item);
		mapper->words[i] = is_last ? NULL : host_text(context, item);
		JS_FreeValue(context, item);
		if (is_last)
			return true;
		if (!mapper->words[i])
			return false;
	}
	return false;
}

/* Who has rights over the new namespace is outside of it: a child that waits there until it is made. */
static int prepare(struct mapper *mapper, const char *pid)
{
	int channel[2];
	char byte;
	if (pipe2(channel, O_CLOEXEC) < 0)
		return -errno;
	mapper->pid = fork();
	if (mapper->pid < 0)
		return -errno;
	mapper->go = channel[1];
	if (mapper->pid > 0) {
		close(channel[0]);
		return 0;
	}
	close(channel[1]);
	if (read(channel[0], &byte, 1) != 1)
		_exit(0);
	const char *path = mapper->words[0];
	mapper->words[0] = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	mapper->words[1] = pid;
	execve(path, (char *const *)mapper->words, environ);
	_exit(127);
}

/* Its exit status, once it has been told to go; a failure has been told by itself. */
static int let_go(struct mapper *mapper, bool go)
{
	int status = 0;
	if (go && write(mapper->go, "", 1) != 1)
		status = 1;
	close(mapper->go);
	while (waitpid(mapper->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), size = (int)strlen(text);
	int result = fd < 0 || write(fd, text, (size_t)size) != size ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return result;
}

/* Without subordinate ids nobody but oneself can be mapped, and only by giving up on changing groups. */
static int map_self(uid_t user, gid_t group)
{
	char text[32];
	int result = write_text("/proc/self/setgroups", "deny");
	snprintf(text, sizeof text, "0 %u 1\n", group);
	if (!result)
		result = write_text("/proc/self/gid_map", text);
	snprintf(text, sizeof text, "0 %u 1\n", user);
	return result ? result : write_text("/proc/self/uid_map", text);
}

static JSValue make_user(JSContext *context, struct mapper *mappers, int count)
{
	char pid[16];
	uid_t user = geteuid();
	gid_t group = getegid();
	int result = 0, started = 0;
	snprintf(pid, sizeof pid, "%d", getpid());
	/* An executable that the user may not read would leave what the mappers look at to root. */
	prctl(PR_SET_DUMPABLE, 1);
	while (started < count && !result)
		if (!(result = prepare(&mappers[started], pid)))
			started++;
	const char *what = "user namespace";
	if (!result && unshare(CLONE_NEWUSER) < 0)
		result = -errno;
	bool go = !result;
	if (go && count == 0)
		result = map_self(user, group);
	for (int i = 0; i < started; i++)
		if (let_go(&mappers[i], go) && go) {
			go = false;
			result = -EPERM;
			what = mappers[i].words[0];
		}
	return result ? host_fail(context, -result, "unshare", what) : own_mounts(context, user);
}

/*
 * newUser(mappers): a new user namespace, whose ids the mappers map; each is a program and its arguments, the first of
 * which becomes our pid. Without mappers the own id is all there is.
 */
HOST_FUNCTION(new_user)
{
	(void)self, (void)argc;
	struct mapper mappers[MAPPERS] = { 0 };
	JSValue result = JS_EXCEPTION;
	int count = 0;
	bool taken = true;
	while (taken && count < MAPPERS) {
		JSValue list = JS_GetPropertyUint32(context, argv[0], (uint32_t)count);
		bool is_there = JS_IsObject(list);
		if (is_there)
			taken = take_words(context, list, &mappers[count++]);
		JS_FreeValue(context, list);
		if (!is_there)
			break;
	}
	if (taken)
		result = make_user(context, mappers, count);
	else if (!JS_HasException(context))
		result = JS_ThrowRangeError(context, "too many ranges of ids");
	for (int i = 0; i < count; i++)
		free_words(context, &mappers[i]);
	return result;
}

const JSCFunctionListEntry host_user[] = {
	JS_CFUNC_DEF("lock", 1, lock_file),
	JS_CFUNC_DEF("joinUser", 1, join_user),
	JS_CFUNC_DEF("newUser", 1, new_user),
};
const int host_user_count = COUNT(host_user);
