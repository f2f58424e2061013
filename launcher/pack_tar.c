/* Writing a tar archive (POSIX.1-2017 pax, xattrs in the records of star, or libarchive's) to standard output. */
#include "pack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { BLOCK = 512, BUFFER = 128 * 1024, PAX_MAX = 1024 * 1024 };

/* A ustar header; all fields are text. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[8], user[32],
		group[32], major[8], minor[8], prefix[155], pad[12];
};

static uint8_t buffer[BUFFER];
static size_t waiting;
static char pax[PAX_MAX];
static size_t pax_size;

static int flush(void)
{
	for (size_t at = 0; at < waiting;) {
		ssize_t count = write(1, buffer + at, waiting - at);

		if (count < 0 && errno != EINTR)
			return -errno;
		at += count > 0 ? (size_t)count : 0;
	}
	waiting = 0;
	return 0;
}

int pack_bytes(const void *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		size_t part = size - at < BUFFER - waiting ? size - at : BUFFER - waiting;

		if (bytes == NULL)
			memset(buffer + waiting, 0, part);
		else
			memcpy(buffer + waiting, (const char *)bytes + at, part);
		waiting += part;
		at += part;
		if (waiting == BUFFER) {
			int error = flush();
			if (error < 0)
				return error;
		}
	}
	return 0;
}

static int put_filler(uint64_t size)
{
	return pack_bytes(NULL, (size_t)((BLOCK - size % BLOCK) % BLOCK));
}

/* Octal digits and a NUL; false, and zeros, when they do not fit. */
static bool octal(char *field, size_t width, uint64_t value)
{
	bool fits = value >> 3 * (width - 1) == 0;

	field[width - 1] = 0;
	for (size_t at = width - 1; at > 0; at--, value >>= 3)
		field[at - 1] = fits ? (char)('0' + (value & 7)) : '0';
	return fits;
}

/* Decimal digits, the last one before `end`; gives the first one. */
static char *decimal(char *end, uint64_t value)
{
	do
		*--end = (char)('0' + value % 10);
	while (value /= 10);
	return end;
}

/* "LENGTH KEY=VALUE\n", where the length counts its own digits. */
static int pax_record(const char *prefix, const char *key, const void *value, size_t length)
{
	char digits[24], *end = digits + sizeof(digits);
	size_t rest = strlen(prefix) + strlen(key) + length + 3, total = rest + 1;
	char *number = decimal(end, total);

	while (rest + (size_t)(end - number) != total) {
		total = rest + (size_t)(end - number);
		number = decimal(end, total);
	}
	if (total > sizeof(pax) - pax_size)
		return -E2BIG;
	char *at = pax + pax_size;
	at = (char *)memcpy(at, number, (size_t)(end - number)) + (end - number);
	*at++ = ' ';
	at = (char *)memcpy(at, prefix, strlen(prefix)) + strlen(prefix);
	at = (char *)memcpy(at, key, strlen(key)) + strlen(key);
	*at++ = '=';
	memcpy(at, value, length);
	at[length] = '\n';
	pax_size += total;
	return 0;
}

static int pax_number(const char *key, int64_t value)
{
	char digits[24], *end = digits + sizeof(digits);
	char *first = decimal(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);

	if (value < 0)
		*--first = '-';
	return pax_record("", key, first, (size_t)(end - first));
}

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t base64(char *out, const uint8_t *bytes, size_t length)
{
	size_t size = 0;

	for (size_t at = 0; at < length; at += 3) {
		uint32_t part = (uint32_t)bytes[at] << 16;

		part |= at + 1 < length ? (uint32_t)bytes[at + 1] << 8 : 0;
		part |= at + 2 < length ? bytes[at + 2] : 0;
		for (int shift = 18; shift >= 0; shift -= 6)
			out[size++] = digits64[part >> shift & 63];
		for (size_t over = at + 3; over > length; over--)
			out[size - (over - length)] = '=';
	}
	return size;
}

/* A name with "=" would end there in star's records; libarchive's name such bytes as %XX, and values in base 64. */
static int pax_odd_xattr(const char *name, const uint8_t *value, size_t length)
{
	static char encoded[96 * 1024], key[3 * 256 + 1];
	size_t size = 0;

	for (; *name != 0 && size + 3 < sizeof(key); name++)
		if (*name == '=' || *name == '%')
			size += (size_t)sprintf(key + size, "%%%02X", (unsigned)*name);
		else
			key[size++] = *name;
	key[size] = 0;
	return pax_record("LIBARCHIVE.xattr.", key, encoded, base64(encoded, value, length));
}

static int pax_xattrs(const struct xattrs *xattrs)
{
	int error = 0;

	for (size_t at = 0; at < xattrs->size && error == 0;) {
		const char *key = (const char *)xattrs->data + at;
		uint32_t length;

		at += strlen(key) + 1;
		memcpy(&length, xattrs->data + at, sizeof(length));
		at += sizeof(length);
		if (strchr(key, '=') != NULL)
			error = pax_odd_xattr(key, xattrs->data + at, length);
		else
			error = pax_record("SCHILY.xattr.", key, xattrs->data + at, length);
		at += length;
	}
	return error;
}

/* Seconds with a fraction where there is one; before 1970 the nanoseconds of the kernel count forward. */
static int pax_time(const struct timespec *time)
{
	char digits[40], *end = digits + sizeof(digits), *first;
	bool early = time->tv_sec < 0;
	uint64_t seconds = early ? 0 - (uint64_t)time->tv_sec - 1 : (uint64_t)time->tv_sec;

	first = decimal(end, 1000000000 + (uint64_t)(early ? 1000000000 - time->tv_nsec : time->tv_nsec));
	*first = '.';
	first = decimal(first, seconds);
	if (early)
		*--first = '-';
	return pax_record("", "mtime", first, (size_t)(end - first));
}

static void seal(struct header *header)
{
	const uint8_t *bytes = (const uint8_t *)header;
	unsigned sum = 0;

	memcpy(header->magic, "ustar\0" "00", sizeof(header->magic));
	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t at = 0; at < sizeof(*header); at++)
		sum += bytes[at];
	octal(header->checksum, 7, sum);
}

/* A number field, and a record for what does not fit into it. */
static int number(char *field, size_t width, const char *key, uint64_t value)
{
	return octal(field, width, value) ? 0 : pax_number(key, (int64_t)value);
}

static int text(char *field, const char *key, const char *value, const char *tail)
{
	size_t length = strlen(value), more = strlen(tail);

	if (length + more <= 100) {
		memcpy(field, value, length);
		memcpy(field + length, tail, more);
		return 0;
	}
	memcpy(field, value, 100);
	return pax_record("", key, value, length);
}

static int fill(struct header *header, const struct pack_entry *entry)
{
	const struct stat *status = entry->status;
	int error = text(header->name, "path", entry->path, entry->type == '5' ? "/" : "");

	if (error == 0 && entry->link != NULL)
		error = text(header->link, "linkpath", entry->link, "");
	if (error == 0)
		error = number(header->uid, 8, "uid", status->st_uid);
	if (error == 0)
		error = number(header->gid, 8, "gid", status->st_gid);
	if (error == 0)
		error = number(header->size, 12, "size", entry->type == '0' ? (uint64_t)status->st_size : 0);
	if (error == 0 && status->st_mtim.tv_nsec != 0)
		error = pax_time(&status->st_mtim);
	if (error == 0 && !octal(header->mtime, 12, (uint64_t)status->st_mtim.tv_sec) && status->st_mtim.tv_nsec == 0)
		error = pax_number("mtime", status->st_mtim.tv_sec);
	if (error == 0)
		error = pax_xattrs(entry->xattrs);
	octal(header->mode, 8, status->st_mode & 07777);
	octal(header->major, 8, entry->type == '3' || entry->type == '4' ? major(status->st_rdev) : 0);
	octal(header->minor, 8, entry->type == '3' || entry->type == '4' ? minor(status->st_rdev) : 0);
	header->type = entry->type;
	return error;
}

static int put_pax(void)
{
	struct header header = { .name = "pax", .type = 'x' };
	int error;

	octal(header.mode, 8, 0644);
	octal(header.uid, 8, 0);
	octal(header.gid, 8, 0);
	octal(header.mtime, 12, 0);
	octal(header.size, 12, pax_size);
	seal(&header);
	error = pack_bytes(&header, sizeof(header));
	if (error == 0)
		error = pack_bytes(pax, pax_size);
	return error == 0 ? put_filler(pax_size) : error;
}

int pack_header(const struct pack_entry *entry)
{
	struct header header = { 0 };
	int error;

	_Static_assert(sizeof(header) == BLOCK, "a header is one block");
	pax_size = 0;
	error = fill(&header, entry);
	seal(&header);
	if (error == 0 && pax_size > 0)
		error = put_pax();
	return error == 0 ? pack_bytes(&header, sizeof(header)) : error;
}

int pack_data(int file, uint64_t size)
{
	static uint8_t block[BUFFER];
	uint64_t at = 0;

	while (at < size) {
		size_t wanted = size - at < BUFFER ? (size_t)(size - at) : BUFFER;
		ssize_t count = read(file, block, wanted);
		int error;

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		error = count == 0 ? pack_bytes(NULL, wanted) : pack_bytes(block, (size_t)count);
		if (error < 0)
			return error;
		at += count == 0 ? wanted : (size_t)count;
	}
	return put_filler(size);
}

int pack_finish(bool archive)
{
	int error = archive ? pack_bytes(NULL, 2 * BLOCK) : 0;

	return error == 0 ? flush() : error;
}
