/* flood write BYTES LINE: so many bytes in lines of that length. flood check BYTES LINE: exactly these come in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char block[1 << 16], seen[1 << 16];

/* The number of the block lies in its first line, so that blocks cannot change places. */
static size_t make(long number, size_t line, long left)
{
	char digits[16];
	size_t length = sizeof(block) / line * line;

	snprintf(digits, sizeof(digits), "%012ld", number);
	memcpy(block, digits, 12);
	return left < (long)length ? (size_t)left : length;
}

static int transfer(int writes, char *data, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t count = writes ? write(1, data + done, length - done) : read(0, data + done, length - done);
		if (count <= 0)
			return -1;
		done += (size_t)count;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int writes = argc == 4 && strcmp(argv[1], "write") == 0;
	long left = argc == 4 ? atol(argv[2]) : 0;
	size_t line = argc == 4 ? (size_t)atol(argv[3]) : 0;

	if (line < 16 || line > sizeof(block))
		return 2;
	for (size_t at = 0; at < sizeof(block); at++)
		block[at] = at % line == line - 1 ? '\n' : (char)('a' + at / line % 26);
	for (long number = 0; left > 0; number++) {
		size_t length = make(number, line, left);

		if (transfer(writes, writes ? block : seen, length) < 0 || (!writes && memcmp(block, seen, length) != 0)) {
			fprintf(stderr, "flood: other bytes, or too few of them, in block %ld\n", number);
			return 1;
		}
		left -= (long)length;
	}
	if (!writes && read(0, seen, 1) != 0) {
		fprintf(stderr, "flood: too many bytes\n");
		return 1;
	}
	return 0;
}
