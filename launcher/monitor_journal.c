/* The journal: what became of the container while nobody looked, a line an event (docs/monitor.md, "Journal"). */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor.h"

enum { JOURNAL_MAX = 64 * 1024, JOURNAL_KEPT = 16 * 1024, LINE_MAX_SIZE = 512 };

/* Time of the newest line, by which readers know how far they have come: it never stands still or goes back. */
static uint64_t newest;
static bool torn; /* the last line of an earlier monitor has no end */

/* What an earlier monitor left. */
static void take_over(int fd, off_t size)
{
	off_t from = size > LINE_MAX_SIZE ? size - LINE_MAX_SIZE : 0;
	char *at = (char *)scratch.output;
	ssize_t length = pread(fd, at, LINE_MAX_SIZE, from);

	if (length <= 0)
		return;
	at[length] = 0;
	torn = at[length - 1] != '\n';
	for (at = from > 0 ? strchr(at, '\n') : at; at != NULL; at = strchr(at, '\n')) {
		uint64_t number = 0;

		for (at += *at == '\n'; *at >= '0' && *at <= '9' && number < UINT64_MAX / 16; at++)
			number = number * 10 + (uint64_t)(*at - '0');
		newest = number > newest ? number : newest;
	}
}

/* The newest JOURNAL_KEPT bytes in place of all. */
static void shorten(int fd, off_t size)
{
	ssize_t length = pread(fd, scratch.output, JOURNAL_KEPT, size - JOURNAL_KEPT);
	const uint8_t *line = length > 0 ? memchr(scratch.output, '\n', (size_t)length) : NULL;

	if (line++ != NULL)
		write_aside("journal", line, (size_t)(scratch.output + length - line), false);
}

static int open_journal(off_t *size)
{
	struct stat status;
	int fd = open("journal", O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	*size = fd >= 0 && fstat(fd, &status) == 0 ? status.st_size : 0;
	return fd;
}

void journal_line(uint64_t time, const char *text)
{
	char line[LINE_MAX_SIZE], *at = line;
	size_t length;
	off_t size;
	int fd = open_journal(&size);

	if (fd >= 0 && size >= JOURNAL_MAX) {
		shorten(fd, size);
		close(fd);
		fd = open_journal(&size);
	}
	if (fd >= 0 && newest == 0)
		take_over(fd, size);
	newest = time > newest ? time : newest + 1;
	if (torn)
		at = put_text(at, " ?\n"); /* it may look whole */
	at = put_number(at, newest);
	*at++ = ' ';
	length = strnlen(text, (size_t)(line + sizeof(line) - 1 - at));
	memcpy(at, text, length);
	at += length;
	*at++ = '\n';
	/* All or nothing, as far as that goes on a full disk. */
	if (fd >= 0 && size < JOURNAL_MAX && write(fd, line, (size_t)(at - line)) == at - line)
		torn = false;
	else if (fd >= 0 && ftruncate(fd, size) < 0)
		torn = true;
	if (fd >= 0)
		close(fd);
}
