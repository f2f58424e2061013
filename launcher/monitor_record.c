/* One piece of output as it is logged: a Kubernetes line, a line of Docker's JSON, or a message for the journal. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "monitor.h"

static const char *const streams[] = { "stdout", "stderr" };

static char *put_padded(char *at, unsigned number, int width)
{
	for (int place = width - 1; place >= 0; place--, number /= 10)
		at[place] = (char)('0' + number % 10);
	return at + width;
}

/* RFC 3339 in UTC with nanoseconds. The days are counted from March, so that leap days come last in a year. */
void log_stamp(char at[STAMP_SIZE + 1])
{
	uint64_t nanoseconds = clock_ns(), seconds = nanoseconds / 1000000000u;
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
	*at = 0;
}

void log_stamp_next(char at[STAMP_SIZE + 1])
{
	char *digit = at + STAMP_SIZE - 2;

	while (*digit == '9')
		*digit-- = '0';
	if (*digit != '.')
		++*digit;
}

/* Bytes of the UTF-8 character at `at`: 0 when it is none, more than `left` when the end of it is missing. */
static size_t character(const uint8_t *at, size_t left)
{
	uint8_t lead = *at;
	size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
	uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;

	for (size_t i = 1; i < length && i < left; i++, low = 0x80, high = 0xbf)
		if (at[i] < low || at[i] > high)
			return 0;
	return length;
}

size_t log_cut_off(const uint8_t *text, size_t length)
{
	for (size_t back = 1; back <= 3 && back <= length; back++) {
		const uint8_t *at = text + length - back;

		if (*at >= 0xc0)
			return character(at, back) > back ? back : 0;
		if (*at < 0x80)
			return 0;
	}
	return 0;
}

static char *put_escape(char *at, uint8_t byte)
{
	static const char plain[] = "\"\"\\\\n\nr\rt\t";

	*at++ = '\\';
	for (const char *one = plain; *one != 0; one += 2)
		if ((uint8_t)one[1] == byte) {
			*at++ = one[0];
			return at;
		}
	at = put_text(at, "u00");
	*at++ = (char)('0' + byte / 16);
	*at++ = "0123456789abcdef"[byte % 16];
	return at;
}

static bool is_plain(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* What is no UTF-8 cannot be told in JSON: U+FFFD stands for it. */
static char *put_json_text(char *at, const uint8_t *text, size_t length)
{
	for (const uint8_t *end = text + length; text < end;) {
		size_t count = 0;

		while (text + count < end && is_plain(text[count]))
			count++;
		memcpy(at, text, count);
		at += count;
		text += count;
		if (text == end)
			break;
		if (*text < 0x80) {
			at = put_escape(at, *text++);
			continue;
		}
		count = character(text, (size_t)(end - text));
		if (count == 0 || count > (size_t)(end - text)) {
			at = put_text(at, "\\ufffd");
			text++;
			continue;
		}
		memcpy(at, text, count);
		at += count;
		text += count;
	}
	return at;
}

static char *put_json(char *at, const struct log *log, const struct piece *piece)
{
	at = put_text(at, "{\"log\":\"");
	at = put_json_text(at, piece->text, piece->length);
	at = put_text(at, piece->whole ? "\\n\",\"stream\":\"" : "\",\"stream\":\"");
	at = put_text(at, streams[piece->place]);
	at = put_text(at, "\",");
	at = put_text(at, log->extra);
	at = put_text(at, "\"time\":\"");
	at = put_text(at, piece->stamp);
	return put_text(at, "\"}\n");
}

static char *put_line(char *at, const struct piece *piece)
{
	memcpy(at, piece->stamp, STAMP_SIZE);
	at += STAMP_SIZE;
	*at++ = ' ';
	at = put_text(at, streams[piece->place]);
	*at++ = ' ';
	*at++ = piece->whole ? 'F' : 'P';
	*at++ = ' ';
	memcpy(at, piece->text, piece->length);
	at += piece->length;
	*at++ = '\n';
	return at;
}

char *log_put(char *at, const struct log *log, const struct piece *piece)
{
	return log->driver == LOG_JSON ? put_json(at, log, piece) : put_line(at, piece);
}

/* The journal's own protocol: fields in a datagram, the message with its length before it, since it may hold anything. */
bool log_to_journal(const struct log *log, const struct piece *piece)
{
	char head[192], *at = head;
	uint64_t length = piece->length;
	struct iovec parts[] = { { (void *)(uintptr_t)log->extra, strlen(log->extra) }, { head, 0 },
				 { (void *)(uintptr_t)piece->text, piece->length }, { (void *)(uintptr_t)"\n", 1 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 4 };

	at = put_text(at, piece->place == 0 ? "PRIORITY=6\nSYSLOG_TIMESTAMP=" : "PRIORITY=3\nSYSLOG_TIMESTAMP=");
	at = put_text(at, piece->stamp);
	at = put_text(at, piece->whole ? "\nMESSAGE\n" : "\nCONTAINER_PARTIAL_MESSAGE=true\nMESSAGE\n");
	for (int byte = 0; byte < 8; byte++, length >>= 8)
		*at++ = (char)(uint8_t)length;
	parts[1].iov_len = (size_t)(at - head);
	/* One that takes nothing has been waited for once (SO_SNDTIMEO). */
	return sendmsg(log->fd, &message, MSG_NOSIGNAL | (log->dropped > 0 ? MSG_DONTWAIT : 0)) >= 0;
}
