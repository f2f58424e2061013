/* Steps on who the process is and what it may do. */
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "kernel.h"
#include "proc.h"
#include "steps.h"

#define CAPABILITY_WORDS 2

static uint64_t joined_words(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

int step_drop_bounding(struct run *run, const void *body)
{
	(void)run;
	const struct step_drop_bounding *step = body;
	for (unsigned long bit = 0; bit < 64; bit++) {
		int held = prctl(PR_CAPBSET_READ, bit, 0, 0, 0);
		if (held < 0) /* the kernel knows no further one */
			return 0;
		if (held && !(step->keep >> bit & 1) && prctl(PR_CAPBSET_DROP, bit, 0, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

/* A user who maps their own group must give up on setgroups(2) first: then there is nothing to be done about them. */
static bool groups_are_fixed(void)
{
	char text[8];
	int fd = proc_open("self/setgroups", O_RDONLY);
	ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text);
	if (fd >= 0)
		close(fd);
	return got >= 4 && memcmp(text, "deny", 4) == 0;
}

int step_ids(struct run *run, const void *body)
{
	(void)run;
	const struct step_ids *step = body;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	long result = 0;
	if (!step->keep_groups)
		result = SYS_RESULT(SYS_setgroups, step->groups.count, step->groups.items);
	if (result == -EPERM && !step->groups.count && groups_are_fixed())
		result = 0;
	if (!result)
		result = SYS_RESULT(SYS_setresgid, step->gid, step->gid, step->gid);
	if (!result)
		result = SYS_RESULT(SYS_setresuid, step->uid, step->uid, step->uid);
	/* The kernel may have made us dumpable (fs.suid_dumpable). */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 && !result)
		result = -errno;
	return (int)result;
}

static uint64_t raise_ambient(uint64_t wanted)
{
	uint64_t missing = 0;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned long bit = 0; bit < 64; bit++)
		if ((wanted >> bit & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, bit, 0, 0) < 0)
			missing |= 1ull << bit;
	return missing;
}

int step_caps(struct run *run, const void *body)
{
	const struct step_caps *step = body;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[CAPABILITY_WORDS];
	long result = SYS_RESULT(SYS_capget, &header, data);
	if (result)
		return (int)result;
	uint64_t held = joined_words(data[0].permitted, data[1].permitted);
	uint64_t permitted = step->permitted & held;
	uint64_t effective = step->effective & permitted;
	uint64_t missing = (step->permitted | step->effective) & ~held;
	for (unsigned word = 0; word < CAPABILITY_WORDS; word++) {
		data[word].permitted = (uint32_t)(permitted >> (32 * word));
		data[word].effective = (uint32_t)(effective >> (32 * word));
		/* What is not held cannot be inherited either, and is in the warning if it was asked for at all. */
		data[word].inheritable = (uint32_t)((step->inheritable & held) >> (32 * word));
	}
	result = SYS_RESULT(SYS_capset, &header, data);
	if (result)
		return (int)result;
	missing |= raise_ambient(step->ambient & permitted) | (step->ambient & ~permitted);
	if (missing) {
		char text[32];
		int length = snprintf(text, sizeof text, "0x%llx", (unsigned long long)missing);
		report_step(run, REPORT_WARN, EPERM, NULL, text, (size_t)length);
	}
	return 0;
}

int step_seccomp(struct run *run, const void *body)
{
	const struct step_seccomp *step = body;
	size_t count = step->filter.len / sizeof(struct sock_filter);
	if (count == 0 || count > USHRT_MAX || step->filter.len % sizeof(struct sock_filter))
		return -EINVAL;
	const struct sock_fprog program = {
		.len = (unsigned short)count, .filter = (struct sock_filter *)(uintptr_t)step->filter.data,
	};
	/* The filter may deny what this takes. */
	ready_for_exec(run);
	long result = SYS_RESULT(SYS_seccomp, SECCOMP_SET_MODE_FILTER, step->flags, &program);
	if (result < 0 || !(step->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return result < 0 ? (int)result : 0;
	return slot_put(run, step->out, (int)result);
}

int step_prctl(struct run *run, const void *body)
{
	(void)run;
	const struct step_prctl *step = body;
	long result = SYS_RESULT(SYS_prctl, (unsigned long)step->option, (unsigned long)step->a, (unsigned long)step->b,
				 (unsigned long)step->c, (unsigned long)step->d);
	return result < 0 ? (int)result : 0;
}

/* A working directory outside of our root would lead back to the host (CVE-2024-21626). */
static int check_working_directory(void)
{
	char path[PATH_MAX];
	long length = SYS_RESULT(SYS_getcwd, path, sizeof path);
	if (length < 0)
		return (int)length;
	return path[0] == '/' ? 0 : -ENOENT;
}

int step_cwd(struct run *run, const void *body)
{
	const struct step_cwd *step = body;
	at(run, step->path.text);
	return chdir(step->path.text) < 0 ? -errno : check_working_directory();
}

int step_check_cwd(struct run *run, const void *body)
{
	(void)run, (void)body;
	return check_working_directory();
}

int step_session_keyring(struct run *run, const void *body)
{
	const struct step_session_keyring *step = body;
	at(run, step->name.text);
	long result = SYS_RESULT(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, step->name.len ? step->name.text : NULL);
	return result < 0 && result != -ENOSYS ? (int)result : 0;
}
