/* The log of a container: `TIME STREAM F|P TEXT` lines, as Kubernetes reads them, in files that are rotated by size. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor.h"

enum { STAMP_MAX = 64 }; /* of everything in a line but its text */

int log_open(struct log *log)
{
	struct stat status;

	if (log->path == NULL)
		return 0;
	log->fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (log->fd < 0)
		return -errno;
	log->size = fstat(log->fd, &status) == 0 ? (uint64_t)status.st_size : 0;
	return 0;
}

static char *put_padded(char *at, unsigned number, int width)
{
	for (int place = width - 1; place >= 0; place--, number /= 10)
		at[place] = (char)('0' + number % 10);
	return at + width;
}

/* RFC 3339 in UTC with nanoseconds. The days are counted from March, so that leap days come last in a year. */
static char *put_time(char *at, uint64_t nanoseconds)
{
	uint64_t seconds = nanoseconds / 1000000000u;
	unsigned of_day = (unsigned)(seconds % 86400);
	unsigned days = (unsigned)(seconds / 86400) + 719468; /* since 0000-03-01 */
	unsigned era = days / 146097, of_era = days % 146097;
	unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned month = (5 * of_year + 2) / 153; /* 0 is March */

	at = put_padded(at, era * 400 + year_of_era + (month >= 10), 4);
	*at++ = '-';
	at = put_padded(at, month < 10 ? month + 3 : month - 9, 2);
	*at++ = '-';
	at = put_padded(at, of_year - (153 * month + 2) / 5 + 1, 2);
	*at++ = 'T';
	at = put_padded(at, of_day / 3600, 2);
	*at++ = ':';
	at = put_padded(at, of_day / 60 % 60, 2);
	*at++ = ':';
	at = put_padded(at, of_day % 60, 2);
	*at++ = '.';
	at = put_padded(at, (unsigned)(nanoseconds % 1000000000u), 9);
	*at++ = 'Z';
	return at;
}

static char *put_stamp(char *at, const char *stream, char tag)
{
	at = put_time(at, clock_ns());
	*at++ = ' ';
	at = put_text(at, stream);
	*at++ = ' ';
	*at++ = tag;
	*at++ = ' ';
	return at;
}

/* All or nothing: what did not fit on the disk whole is taken back, so that no line is torn. */
static bool append(struct log *log, const char *data, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t count = write(log->fd, data + done, length - done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		done += (size_t)count;
	}
	if (done == length) {
		log->size += length;
		return true;
	}
	if (done > 0 && ftruncate(log->fd, (off_t)log->size) < 0)
		log->size += done;
	return false;
}

static bool append_dropped(struct log *log)
{
	char line[STAMP_MAX + 64];
	char *at = put_stamp(line, "stderr", 'F');

	at = put_number(at, log->dropped);
	at = put_text(at, " log lines were lost: they could not be written\n");
	if (!append(log, line, (size_t)(at - line)))
		return false;
	log->dropped = 0;
	return true;
}

static void flush(struct log *log)
{
	if (log->fd < 0)
		log_open(log);
	if (log->gathered > 0 && (log->fd < 0 || (log->dropped > 0 && !append_dropped(log)) ||
				  !append(log, scratch.log, log->gathered)))
		log->dropped += log->lines;
	log->gathered = log->lines = 0;
}

static void numbered(char name[PATH_MAX], const char *path, uint32_t number)
{
	char *at = put_text(name, path);

	if (number > 0) {
		*at++ = '.';
		at = put_number(at, number);
	}
	*at = 0;
}

/* log.1 becomes log.2 and so on; the oldest is overwritten. With one file in all, that one starts anew. */
static void rotate(struct log *log)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (log->max_files <= 1) {
		if (log->fd >= 0 && ftruncate(log->fd, 0) == 0)
			log->size = 0;
		return;
	}
	for (uint32_t number = log->max_files - 1; number > 0; number--) {
		numbered(from, log->path, number - 1);
		numbered(to, log->path, number);
		rename(from, to);
	}
	log_reopen(log);
}

void log_reopen(struct log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
	log->size = 0;
	log_open(log);
}

static void add_line(struct log *log, const char *stream, const uint8_t *text, size_t length, bool whole)
{
	size_t most = length + STAMP_MAX;
	char *at;

	if (log->max_bytes > 0 && log->size + log->gathered > 0 && log->size + log->gathered + most > log->max_bytes) {
		flush(log);
		if (log->size > 0)
			rotate(log);
	}
	if (most > sizeof(scratch.log) - log->gathered)
		flush(log);
	at = put_stamp(scratch.log + log->gathered, stream, whole ? 'F' : 'P');
	memcpy(at, text, length);
	at += length;
	*at++ = '\n';
	log->gathered = (uint32_t)(at - scratch.log);
	log->lines++;
}

void log_chunk(struct log *log, const char *stream, const uint8_t *data, size_t length)
{
	if (log->path == NULL)
		return;
	while (length > 0) {
		const uint8_t *newline = memchr(data, '\n', length);
		size_t text = newline == NULL ? length : (size_t)(newline - data);

		add_line(log, stream, data, text, newline != NULL);
		text += newline != NULL;
		data += text;
		length -= text;
	}
	flush(log);
}
