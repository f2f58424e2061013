/* The facts that a plan was made from, asked again; src/runtime/stored/checks.ts wrote down how they were. */
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "stored.h"

#define LIMITS 16
#define MOST_TEXT 65536

enum check { CHECK_END, CHECK_IDS, CHECK_LIMITS, CHECK_KERNEL, CHECK_KIND, CHECK_SAME, CHECK_TEXT, CHECK_LINK };

static uint64_t bounding_set(void)
{
	uint64_t set = 0;
	for (unsigned i = 0; i < 64; i++) {
		int held = prctl(PR_CAPBSET_READ, i);
		if (held < 0)
			break;
		set |= (uint64_t)(held != 0) << i;
	}
	return set;
}

static uint64_t effective_set(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	if (syscall(SYS_capget, &head, data) < 0)
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

static bool ids_hold(struct bytes *checks)
{
	uint32_t uid = take_u32(checks);
	uint64_t bounding = take_u64(checks), effective = take_u64(checks);
	return uid == geteuid() && bounding == bounding_set() && effective == effective_set();
}

static bool limits_hold(struct bytes *checks)
{
	bool hold = true;
	for (int i = 0; i < LIMITS; i++) {
		struct rlimit limit = { 0 };
		getrlimit((__rlimit_resource_t)i, &limit);
		hold = take_u64(checks) == limit.rlim_max && hold;
	}
	return hold;
}

static bool kernel_holds(struct bytes *checks)
{
	struct utsname system;
	const char *release = take_text(checks);
	return release && uname(&system) == 0 && strcmp(system.release, release) == 0;
}

static bool kind_holds(const char *path, struct bytes *checks)
{
	struct stat found;
	uint32_t kind = take_u32(checks);
	return stat(path, &found) == 0 && (found.st_mode & S_IFMT) == kind;
}

static bool same_holds(const char *path, struct bytes *checks)
{
	struct stat found;
	uint64_t device = take_u64(checks), inode = take_u64(checks);
	return stat(path, &found) == 0 && found.st_dev == device && found.st_ino == inode;
}

static bool text_holds(const char *path, struct bytes *checks)
{
	const char *text = take_text(checks);
	struct bytes now = read_whole(AT_FDCWD, path, MOST_TEXT);
	return text && !now.bad && strlen(text) == now.size && memcmp(text, now.at, now.size) == 0;
}

static bool link_holds(const char *path, struct bytes *checks)
{
	char target[4096];
	const char *text = take_text(checks);
	ssize_t size = readlink(path, target, sizeof target);
	size = size < 0 ? 0 : size;
	return text && strlen(text) == (size_t)size && memcmp(text, target, (size_t)size) == 0;
}

static bool path_holds(uint32_t check, struct bytes *checks)
{
	const char *path = take_text(checks);
	if (!path)
		return false;
	switch (check) {
	case CHECK_KIND:
		return kind_holds(path, checks);
	case CHECK_SAME:
		return same_holds(path, checks);
	case CHECK_TEXT:
		return text_holds(path, checks);
	case CHECK_LINK:
		return link_holds(path, checks);
	default:
		return false;
	}
}

bool checks_hold(struct bytes checks)
{
	for (;;) {
		uint32_t check = take_u32(&checks);
		if (checks.bad)
			return false;
		if (check == CHECK_END)
			return true;
		bool holds = check == CHECK_IDS	   ? ids_hold(&checks) :
			     check == CHECK_LIMITS ? limits_hold(&checks) :
			     check == CHECK_KERNEL ? kernel_holds(&checks) :
						     path_holds(check, &checks);
		if (!holds || checks.bad)
			return false;
	}
}
