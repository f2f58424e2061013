#include "then.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define HEAD 8
#define RECORD_HEAD 24
#define MOST_WORDS 65536u

/* `words` lies in memory that no child of this process gets, as the caller's variables are no business of a container. */
static struct {
	char **words; /* the program's path, then its arguments. NULL: nothing comes then; *words is NULL in a child */
	char **environment;
	int report_fd;
	char ended[40];
} then;

static uint32_t number_at(const uint8_t *bytes, unsigned count)
{
	uint32_t value = 0;
	for (unsigned i = 0; i < count; i++)
		value |= (uint32_t)bytes[i] << (8 * i);
	return value;
}

/* Fills `list` with the words from `at` on: the arguments, NULL, the variables, NULL. */
static int cut_words(char *at, const char *end, uint32_t arguments, uint32_t variables, char **list)
{
	for (uint32_t i = 0; i < arguments + variables; i++) {
		char *nul = at < end ? memchr(at, 0, (size_t)(end - at)) : NULL;
		if (!nul)
			return -EPROTO;
		list[i < arguments ? i : i + 1] = at;
		at = nul + 1;
	}
	list[2] = then.ended;
	then.words = list;
	then.environment = list + arguments + 1;
	return 0;
}

int then_read(int fd, int report_fd)
{
	struct stat stat;
	uint8_t head[HEAD];
	if (fstat(fd, &stat) < 0 || pread(fd, head, HEAD, 0) != HEAD)
		return -EPROTO;
	uint32_t arguments = number_at(head, 4), variables = number_at(head + 4, 4);
	if (arguments < 3 || arguments > MOST_WORDS || variables > MOST_WORDS)
		return -EPROTO;
	size_t size = (size_t)stat.st_size, lists = ((size_t)arguments + variables + 2) * sizeof(char *);
	uint8_t *memory = mmap(NULL, lists + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	if (pread(fd, memory + lists, size, 0) != (ssize_t)size)
		return -EPROTO;
	if (madvise(memory, lists + size, MADV_WIPEONFORK) < 0)
		return -errno;
	close(fd);
	then.report_fd = report_fd;
	char *words = (char *)memory + lists;
	return cut_words(words + HEAD, words + size, arguments, variables, (char **)(void *)memory);
}

static bool is_told(void)
{
	uint8_t head[RECORD_HEAD];
	for (off_t at = 0; pread(then.report_fd, head, sizeof head, at) == (ssize_t)sizeof head;) {
		uint32_t kind = number_at(head + 4, 2), size = number_at(head, 4);
		if (kind == REPORT_FAIL || kind == REPORT_WARN || size < RECORD_HEAD)
			return true;
		at += size;
	}
	return false;
}

static char *put_text(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

static char *put_number(char *at, unsigned number)
{
	char digits[12], *digit = digits + sizeof digits;
	*--digit = 0;
	do
		*--digit = (char)('0' + number % 10);
	while (number /= 10);
	return put_text(at, digit);
}

/* Makes only calls that a signal handler may make. */
static void become(const char *how, unsigned number)
{
	sigset_t none;
	if (!then.words || !*then.words)
		return;
	char *at = put_number(put_text(then.ended, "--ended="), (unsigned)then.report_fd);
	*put_number(put_text(at, how), number) = 0;
	fcntl(then.report_fd, F_SETFD, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(then.words[0], then.words + 1, then.environment);
}

int then_end(int status)
{
	if (then.words && is_told())
		become(":", (unsigned)status);
	return status;
}

void then_die(int signal)
{
	become(":signal ", (unsigned)signal);
}
