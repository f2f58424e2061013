/* Time and numbers as text, small: the C library's formatting would cost an idle monitor several pages. */
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "monitor.h"

int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

char *put_text(char *at, const char *text)
{
	size_t length = strlen(text);

	memcpy(at, text, length);
	return at + length;
}

char *put_number(char *at, uint64_t number)
{
	char digits[20];
	int count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

char *put_field(char *at, const char *name, uint64_t value)
{
	at = put_text(at, name);
	at = put_number(at, value);
	*at++ = '\n';
	return at;
}

int64_t read_number(int directory, const char *path, const char *key)
{
	char text[2048];
	size_t key_length = strlen(key);
	int64_t number = 0;
	ssize_t length;
	char *at = text;
	int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length < 0 ? 0 : length] = 0;
	while (strncmp(at, key, key_length) != 0) {
		at = strchr(at, '\n');
		if (at++ == NULL)
			return -1;
	}
	at += key_length;
	for (; *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (*at - '0');
	return number;
}
