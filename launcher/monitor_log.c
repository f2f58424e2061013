/* The log of a container: files that are rotated by size, or the journal. monitor_record.c has the formats. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "monitor.h"

static int open_journal(struct log *log)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 1 };
	size_t length = strlen(log->path);

	if (length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, log->path, length);
	log->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (log->fd < 0)
		return -errno;
	setsockopt(log->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(log->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	length = (size_t)errno;
	close(log->fd);
	log->fd = -1;
	return -(int)length;
}

/* How often the log has gone to a new file, twice: odd while that is under way. Readers find their place by it. */
static void count_rotation(struct log *log)
{
	char text[24], *at = put_number(text, ++log->rotations);
	int fd = open("rotated", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	*at++ = '\n';
	if (fd < 0)
		return;
	if (pwrite(fd, text, (size_t)(at - text), 0) < 0)
		errno = 0; /* a full disk: what follows is found by its inode */
	close(fd);
}

static int open_file(struct log *log)
{
	struct stat status = { 0 };
	char last = '\n';

	log->fd = open(log->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (log->fd < 0)
		return -errno;
	log->size = fstat(log->fd, &status) == 0 ? (uint64_t)status.st_size : 0;
	if (!S_ISREG(status.st_mode))
		log->max_bytes = 0; /* /dev/null is not to be renamed */
	/* An earlier monitor was killed while it wrote. */
	if (log->size > 0 && pread(log->fd, &last, 1, status.st_size - 1) == 1 && last != '\n' &&
	    write(log->fd, "\n", 1) == 1)
		log->size++;
	return 0;
}

int log_open(struct log *log)
{
	int64_t rotations = read_number(AT_FDCWD, "rotated", "");

	if (log->path == NULL)
		return 0;
	if (strlen(log->extra) > LOG_EXTRA_MAX)
		return -E2BIG;
	if (log->driver == LOG_JOURNAL)
		return open_journal(log);
	log->rotations = rotations < 0 ? 0 : (uint64_t)rotations;
	if (log->rotations % 2 != 0)
		count_rotation(log);
	return open_file(log);
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
	char text[96], line[512];
	struct piece piece = { .place = 1, .text = (uint8_t *)text, .whole = true };

	piece.length = (size_t)(put_text(put_number(text, log->dropped), " log lines were lost: they could not be written") -
				text);
	log_stamp(piece.stamp);
	if (log->driver == LOG_JOURNAL ? !log_to_journal(log, &piece) :
					 !append(log, line, (size_t)(log_put(line, log, &piece) - line)))
		return false;
	log->dropped = 0;
	return true;
}

/* Whether there is something to write to, and it has been told what it missed. */
static bool is_writable(struct log *log)
{
	if (log->fd < 0 && (log->driver == LOG_JOURNAL ? open_journal(log) : open_file(log)) < 0)
		return false;
	return log->dropped == 0 || append_dropped(log);
}

static void flush(struct log *log)
{
	if (log->gathered > 0 && !(is_writable(log) && append(log, scratch.log, log->gathered)))
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

/* log.1 becomes log.2 and so on; the oldest goes. Always to a new file: who reads the old one can read it to its end. */
static void rotate(struct log *log)
{
	char from[PATH_MAX], to[PATH_MAX];
	uint32_t number = 0;

	count_rotation(log);
	if (log->max_files <= 1)
		unlink(log->path);
	/* Up to the first number that is free. */
	while (number + 1 < log->max_files) {
		numbered(to, log->path, ++number);
		if (access(to, F_OK) < 0)
			break;
	}
	for (; number > 0; number--) {
		numbered(from, log->path, number - 1);
		numbered(to, log->path, number);
		rename(from, to);
	}
	log_reopen(log);
	count_rotation(log);
}

void log_reopen(struct log *log)
{
	if (log->path == NULL || log->driver == LOG_JOURNAL)
		return;
	if (log->fd >= 0)
		close(log->fd);
	log->size = 0;
	open_file(log);
}

/* A journal that has gone may be back; one that takes nothing costs the line. */
static void add_message(struct log *log, const struct piece *piece)
{
	if (is_writable(log) && log_to_journal(log, piece))
		return;
	if (log->fd >= 0 && errno != EAGAIN) {
		close(log->fd);
		log->fd = -1;
		if (is_writable(log) && log_to_journal(log, piece))
			return;
	}
	log->dropped++;
}

static void add_piece(struct log *log, const struct piece *piece)
{
	/* What a piece may take at most: each byte of JSON text six. */
	size_t most = (log->driver == LOG_JSON ? 6 * piece->length : piece->length) + strlen(log->extra) + LOG_FRAME;
	size_t length;
	char *at;

	if (log->driver == LOG_JOURNAL) {
		add_message(log, piece);
		return;
	}
	if (most > sizeof(scratch.log) - log->gathered)
		flush(log);
	at = scratch.log + log->gathered;
	length = (size_t)(log_put(at, log, piece) - at);
	if (log->max_bytes > 0 && log->size + log->gathered > 0 && log->size + log->gathered + length > log->max_bytes) {
		flush(log);
		if (log->size > 0)
			rotate(log);
		memmove(scratch.log, at, length);
	}
	log->gathered += (uint32_t)length;
	log->lines++;
}

/* Into JSON go whole characters only: the beginning of one waits for its end, unless nothing more will come. */
static size_t hold_back(struct log *log, int place, const uint8_t *data, size_t length)
{
	size_t held = log->driver == LOG_JSON && !log->ending ? log_cut_off(data, length) : 0;

	memcpy(log->held[place], data + length - held, held);
	log->held_length[place] = (uint8_t)held;
	return held;
}

void log_chunk(struct log *log, int place, uint8_t *data, size_t length)
{
	struct piece piece = { .place = place };

	if (log->path == NULL)
		return;
	data -= log->held_length[place];
	length += log->held_length[place];
	memcpy(data, log->held[place], log->held_length[place]);
	length -= hold_back(log, place, data, length);
	log_stamp(piece.stamp);
	while (length > 0) {
		size_t most = length < LOG_PIECE ? length : LOG_PIECE;
		const uint8_t *newline = memchr(data, '\n', most);

		piece.text = data;
		piece.whole = newline != NULL;
		piece.length = piece.whole ? (size_t)(newline - data) : most;
		if (log->driver == LOG_JSON && !piece.whole && most < length)
			piece.length -= log_cut_off(data, most);
		add_piece(log, &piece);
		log_stamp_next(piece.stamp);
		data += piece.length + piece.whole;
		length -= piece.length + piece.whole;
	}
	flush(log);
}

void log_end(struct log *log)
{
	log->ending = true;
	for (int place = 0; place < 2; place++)
		log_chunk(log, place, scratch.output + HELD_MAX, 0);
	log->ending = false;
}
