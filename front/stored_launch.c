/* This process becomes the launcher; should there be anything to tell in the end, the launcher becomes this program. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "embedded.h"
#include "stored.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#endif
#define SEALS 0xf /* against further seals, shrinking, growing and writing */
#define EXECUTABLE 0x10u

extern char **environ;

int sealed_launcher(void)
{
	int fd = memfd_create("sampan-launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING | EXECUTABLE);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("sampan-launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	for (size_t done = 0; fd >= 0 && done < embedded_launcher_size;) {
		ssize_t written = write(fd, embedded_launcher + done, embedded_launcher_size - done);
		if (written < 0)
			return -1;
		done += (size_t)written;
	}
	return fd < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0 ? -1 : fd;
}

/* A file without a name that stays open in the launcher. */
static int nameless(const char *name, struct bytes content)
{
	int fd = memfd_create(name, 0);
	if (fd >= 0 && content.size > 0 && write(fd, content.at, content.size) != (ssize_t)content.size)
		return -1;
	return fd;
}

static void put_words(struct bytes *out, char *const *words)
{
	for (; *words; words++)
		put(out, *words, strlen(*words) + 1);
}

static uint32_t count(char *const *words)
{
	uint32_t number = 0;
	while (words[number])
		number++;
	return number;
}

/* Our own command line and environment, as launcher/then.h wants them. */
static struct bytes what_then(const struct line *line)
{
	static char path[4096];
	char *program[] = { path, "sampan-oci", "", NULL };
	struct bytes out = { 0 };
	ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
	out.bad = size <= 0;
	put_u32(&out, count(program) + count(line->given));
	put_u32(&out, count(environ));
	put_words(&out, program);
	put_words(&out, line->given);
	put_words(&out, environ);
	return out;
}

void launch(const struct line *line, struct bytes plan, int inherited)
{
	char numbers[4][12];
	char *arguments[8] = { "launcher", "launch-then" };
	char *const no_environment[] = { NULL };
	struct bytes then = what_then(line);
	int launcher = then.bad ? -1 : sealed_launcher();
	int fds[] = { nameless("plan", plan), nameless("report", (struct bytes){ 0 }), nameless("then", then), inherited };
	if (launcher < 0 || fds[0] < 0 || fds[1] < 0 || fds[2] < 0 || (inherited >= 0 && fcntl(inherited, F_SETFD, 0) < 0))
		return;
	for (int i = 0; i < 4 && fds[i] >= 0; i++) {
		snprintf(numbers[i], sizeof numbers[i], "%d", fds[i]);
		arguments[i + 2] = numbers[i];
	}
	syscall(SYS_execveat, launcher, "", arguments, no_environment, AT_EMPTY_PATH);
}
