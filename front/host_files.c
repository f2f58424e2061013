/* Files and directories, by path or descriptor. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"
#include "stamp.h"

#define FIRST_READ 16384

HOST_FUNCTION(open_file)
{
	(void)self;
	const char *path = host_text(context, argv[0]);
	if (!path)
		return JS_EXCEPTION;
	int flags = (int)host_number(context, argc, argv, 1, O_RDONLY);
	int fd = open(path, flags | O_CLOEXEC, (mode_t)host_number(context, argc, argv, 2, 0666));
	JSValue result = fd < 0 ? host_fail(context, errno, "open", path) : JS_NewInt32(context, fd);
	JS_FreeCString(context, path);
	return result;
}

HOST_FUNCTION(close_file)
{
	(void)self;
	int fd = (int)host_number(context, argc, argv, 0, -1);
	return close(fd) < 0 ? host_fail(context, errno, "close", NULL) : JS_UNDEFINED;
}

/* read(fd, buffer, offset, size, position): bytes read; a missing position reads on. */
HOST_FUNCTION(read_file)
{
	(void)self;
	int64_t size = host_number(context, argc, argv, 3, 0);
	uint8_t *to = host_room(context, argv[1], host_number(context, argc, argv, 2, 0), size);
	if (!to)
		return JS_EXCEPTION;
	int fd = (int)host_number(context, argc, argv, 0, -1);
	int64_t position = host_number(context, argc, argv, 4, -1);
	ssize_t got = position < 0 ? read(fd, to, (size_t)size) : pread(fd, to, (size_t)size, position);
	return got < 0 ? host_fail(context, errno, "read", NULL) : JS_NewInt64(context, got);
}

/* All that there is to read; NULL with errno set. */
static uint8_t *read_all(int fd, size_t *size)
{
	size_t room = FIRST_READ;
	uint8_t *bytes = malloc(room);
	ssize_t got = -1;
	for (*size = 0; bytes && (got = read(fd, bytes + *size, room - *size)) > 0;) {
		*size += (size_t)got;
		if (*size < room)
			continue;
		uint8_t *more = realloc(bytes, room *= 4);
		if (!more)
			free(bytes);
		bytes = more;
	}
	if (got < 0) {
		int number = bytes ? errno : ENOMEM;
		free(bytes);
		errno = number;
		return NULL;
	}
	return bytes;
}

/* readText(path, latin1) */
HOST_FUNCTION(read_text)
{
	(void)self, (void)argc;
	size_t size;
	const char *path = host_text(context, argv[0]);
	if (!path)
		return JS_EXCEPTION;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *bytes = fd < 0 ? NULL : read_all(fd, &size);
	JSValue text = bytes  ? host_decode(context, bytes, size, JS_ToBool(context, argv[1])) :
		       fd < 0 ? host_fail(context, errno, "open", path) :
				host_fail(context, errno, "read", NULL);
	free(bytes);
	if (fd >= 0)
		close(fd);
	JS_FreeCString(context, path);
	return text;
}

HOST_FUNCTION(write_file)
{
	(void)self;
	int64_t size = host_number(context, argc, argv, 3, 0);
	uint8_t *from = host_room(context, argv[1], host_number(context, argc, argv, 2, 0), size);
	if (!from)
		return JS_EXCEPTION;
	ssize_t done = write((int)host_number(context, argc, argv, 0, -1), from, (size_t)size);
	return done < 0 ? host_fail(context, errno, "write", NULL) : JS_NewInt64(context, done);
}

static JSValue stat_values(JSContext *context, const struct stat *stat)
{
	const int64_t values[] = { stat->st_mode, stat->st_size,	  stat->st_uid,		stat->st_gid,
				   (int64_t)stat->st_dev, (int64_t)stat->st_ino, (int64_t)stat->st_rdev,
				   (int64_t)stat->st_nlink, stat->st_blocks,
				   stat->st_mtim.tv_sec * 1000 + stat->st_mtim.tv_nsec / 1000000 };
	JSValue list = JS_NewArray(context);
	for (uint32_t i = 0; i < COUNT(values); i++)
		JS_SetPropertyUint32(context, list, i, JS_NewInt64(context, values[i]));
	return list;
}

/* stat(path, follow) */
HOST_FUNCTION(stat_path)
{
	(void)self, (void)argc;
	struct stat found;
	const char *path = host_text(context, argv[0]);
	if (!path)
		return JS_EXCEPTION;
	int flags = JS_ToBool(context, argv[1]) ? 0 : AT_SYMLINK_NOFOLLOW;
	JSValue result = fstatat(AT_FDCWD, path, &found, flags) < 0 ? host_fail(context, errno, "stat", path)
								   : stat_values(context, &found);
	JS_FreeCString(context, path);
	return result;
}

/* exists(path): no error is made, as most that are asked for are missing. */
HOST_FUNCTION(exists)
{
	(void)self, (void)argc;
	const char *path = host_text(context, argv[0]);
	if (!path)
		return JS_EXCEPTION;
	bool found = faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) == 0;
	JS_FreeCString(context, path);
	return JS_NewBool(context, found);
}

HOST_FUNCTION(stat_file)
{
	(void)self;
	struct stat found;
	return fstat((int)host_number(context, argc, argv, 0, -1), &found) < 0 ?
		       host_fail(context, errno, "fstat", NULL) :
		       stat_values(context, &found);
}

HOST_FUNCTION(sync_file)
{
	(void)self;
	return fsync((int)host_number(context, argc, argv, 0, -1)) < 0 ? host_fail(context, errno, "fsync", NULL) :
									  JS_UNDEFINED;
}

/* Calls that take one path and perhaps a mode. */
enum path_call { MAKE_DIRECTORY, REMOVE_DIRECTORY, UNLINK, CHANGE_MODE };
static const char *const path_calls[] = { "mkdir", "rmdir", "unlink", "chmod" };

static JSValue path_call(JSContext *context, JSValueConst self, int argc, JSValueConst *argv, int which)
{
	(void)self;
	const char *path = host_text(context, argv[0]);
	if (!path)
		return JS_EXCEPTION;
	mode_t mode = (mode_t)host_number(context, argc, argv, 1, 0777);
	if (which == MAKE_DIRECTORY) /* the claim on the id, which comes when the plan is whole */
		stamp("TypeScript: from its first statement to the plan's last byte");
	int result = which == MAKE_DIRECTORY   ? mkdir(path, mode) :
		     which == REMOVE_DIRECTORY ? rmdir(path) :
		     which == UNLINK	       ? unlink(path) :
						 chmod(path, mode);
	JSValue value = result < 0 ? host_fail(context, errno, path_calls[which], path) : JS_UNDEFINED;
	JS_FreeCString(context, path);
	return value;
}

HOST_FUNCTION(change_owner)
{
	(void)self;
	const char *path = host_text(context, argv[0]);
	if (!path)
		return JS_EXCEPTION;
	uid_t uid = (uid_t)host_number(context, argc, argv, 1, -1);
	gid_t gid = (gid_t)host_number(context, argc, argv, 2, -1);
	JSValue result = chown(path, uid, gid) < 0 ? host_fail(context, errno, "chown", path) : JS_UNDEFINED;
	JS_FreeCString(context, path);
	return result;
}

/* Calls that take two paths. */
enum pair_call { RENAME, SYMLINK };
static const char *const pair_calls[] = { "rename", "symlink" };

static JSValue pair_call(JSContext *context, JSValueConst self, int argc, JSValueConst *argv, int which)
{
	(void)self, (void)argc;
	const char *from = host_text(context, argv[0]);
	const char *to = from ? host_text(context, argv[1]) : NULL;
	JSValue value = JS_EXCEPTION;
	if (to) {
		int result = which == RENAME ? rename(from, to) : symlink(from, to);
		value = result < 0 ? host_fail(context, errno, pair_calls[which], to) : JS_UNDEFINED;
	}
	JS_FreeCString(context, from);
	JS_FreeCString(context, to);
	return value;
}

HOST_FUNCTION(read_link)
{
	(void)self, (void)argc;
	char target[4096];
	const char *path = host_text(context, argv[0]);
	if (!path)
		return JS_EXCEPTION;
	ssize_t size = readlink(path, target, sizeof target);
	JSValue result = size < 0 ? host_fail(context, errno, "readlink", path) :
				    JS_NewStringLen(context, target, (size_t)size);
	JS_FreeCString(context, path);
	return result;
}

/* readDirectory(path): names and kinds (DT_*), one after the other. */
HOST_FUNCTION(read_directory)
{
	(void)self, (void)argc;
	const char *path = host_text(context, argv[0]);
	if (!path)
		return JS_EXCEPTION;
	DIR *directory = opendir(path);
	JSValue list = directory ? JS_NewArray(context) : host_fail(context, errno, "scandir", path);
	JS_FreeCString(context, path);
	uint32_t at = 0;
	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		JS_SetPropertyUint32(context, list, at++, JS_NewString(context, entry->d_name));
		JS_SetPropertyUint32(context, list, at++, JS_NewInt32(context, entry->d_type));
	}
	if (directory)
		closedir(directory);
	return list;
}

const JSCFunctionListEntry host_files[] = {
	JS_CFUNC_DEF("open", 3, open_file),
	JS_CFUNC_DEF("close", 1, close_file),
	JS_CFUNC_DEF("read", 5, read_file),
	JS_CFUNC_DEF("readText", 2, read_text),
	JS_CFUNC_DEF("write", 4, write_file),
	JS_CFUNC_DEF("stat", 2, stat_path),
	JS_CFUNC_DEF("exists", 1, exists),
	JS_CFUNC_DEF("fstat", 1, stat_file),
	JS_CFUNC_DEF("fsync", 1, sync_file),
	JS_CFUNC_MAGIC_DEF("mkdir", 2, path_call, MAKE_DIRECTORY),
	JS_CFUNC_MAGIC_DEF("rmdir", 1, path_call, REMOVE_DIRECTORY),
	JS_CFUNC_MAGIC_DEF("unlink", 1, path_call, UNLINK),
	JS_CFUNC_MAGIC_DEF("chmod", 2, path_call, CHANGE_MODE),
	JS_CFUNC_DEF("chown", 3, change_owner),
	JS_CFUNC_MAGIC_DEF("rename", 2, pair_call, RENAME),
	JS_CFUNC_MAGIC_DEF("symlink", 2, pair_call, SYMLINK),
	JS_CFUNC_DEF("readlink", 1, read_link),
	JS_CFUNC_DEF("readDirectory", 1, read_directory),
};
const int host_files_count = COUNT(host_files);
