/* Bytes that are read, written and handed about. Nothing is ever freed: the process soon ends or becomes another. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stored.h"

#define FIRST_ROOM 4096

static bool make_room(struct bytes *bytes, size_t more)
{
	if (bytes->room - bytes->size > more)
		return true;
	size_t room = (bytes->room ? bytes->room * 2 : FIRST_ROOM) + more;
	uint8_t *grown = realloc(bytes->at, room);
	bytes->bad = bytes->bad || !grown;
	if (!grown)
		return false;
	bytes->at = grown;
	bytes->room = room;
	return true;
}

/* Files of /proc tell no size, so this reads until the end. */
struct bytes read_open(int fd, size_t most)
{
	struct bytes all = { 0 };
	while (fd >= 0 && !all.bad && make_room(&all, FIRST_ROOM)) {
		ssize_t got = read(fd, all.at + all.size, all.room - all.size - 1);
		if (got == 0)
			break;
		all.bad = got < 0 || (all.size += (size_t)got) > most;
	}
	if (fd >= 0)
		close(fd);
	if (fd < 0 || all.bad || !all.at)
		return (struct bytes){ .bad = true };
	all.at[all.size] = 0;
	return all;
}

int open_plainly(int directory, const char *path)
{
	return openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

struct bytes read_whole(int directory, const char *path, size_t most)
{
	return read_open(open_plainly(directory, path), most);
}

struct bytes take(struct bytes *from, size_t size)
{
	if (size > from->size)
		from->bad = true;
	if (from->bad)
		return (struct bytes){ .bad = true };
	struct bytes taken = { .at = from->at, .size = size };
	from->at += size;
	from->size -= size;
	return taken;
}

static uint64_t take_number(struct bytes *from, size_t size)
{
	struct bytes taken = take(from, size);
	uint64_t value = 0;
	for (size_t i = 0; !taken.bad && i < size; i++)
		value |= (uint64_t)taken.at[i] << (8 * i);
	return value;
}

uint32_t take_u32(struct bytes *from)
{
	return (uint32_t)take_number(from, 4);
}

uint64_t take_u64(struct bytes *from)
{
	return take_number(from, 8);
}

/* NULL when there is none. */
const char *take_text(struct bytes *from)
{
	size_t size = take_u32(from);
	struct bytes taken = take(from, size + 1);
	from->bad = from->bad || taken.at[size] != 0;
	return from->bad ? NULL : (const char *)taken.at;
}

void put(struct bytes *to, const void *bytes, size_t size)
{
	if (to->bad || !make_room(to, size))
		return;
	memcpy(to->at + to->size, bytes, size);
	to->size += size;
}

void put_u32(struct bytes *to, uint32_t number)
{
	uint8_t bytes[4];
	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	put(to, bytes, sizeof bytes);
}

/* A new file that only we can read. */
bool write_file(int directory, const char *name, const void *bytes, size_t size)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	bool whole = write(fd, bytes, size) == (ssize_t)size;
	return close(fd) == 0 && whole;
}
