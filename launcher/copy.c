/* Copying the data of a regular file. */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "merge.h"

#define KERNEL_FICLONE 0x40049409 /* _IOW(0x94, 9, int), linux/fs.h */

enum { BLOCK = 128 * 1024 };

/* For file systems that copy_file_range does not reach across. */
static ssize_t copy_block(int from, int to, off_t at, size_t length)
{
	static uint8_t block[BLOCK];
	ssize_t count = pread(from, block, length < BLOCK ? length : BLOCK, at);

	return count <= 0 ? count : pwrite(to, block, (size_t)count, at);
}

static int copy_range(int from, int to, off_t at, off_t end)
{
	static bool by_hand;

	while (at < end) {
		off_t in = at, out = at;
		ssize_t count = -1;

		if (!by_hand)
			count = copy_file_range(from, &in, to, &out, (size_t)(end - at), 0);
		if (count < 0 && (by_hand || errno == EXDEV || errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS)) {
			by_hand = true;
			count = copy_block(from, to, at, (size_t)(end - at));
		}
		if (count < 0 && errno != EINTR)
			return -errno;
		if (count == 0)
			return 0; /* it has been cut meanwhile */
		at += count > 0 ? count : 0;
	}
	return 0;
}

int copy_data(int from, int to, uint64_t size)
{
	off_t end = (off_t)size;
	int error = 0;

	if (size == 0 || ioctl(to, KERNEL_FICLONE, from) == 0)
		return 0;
	for (off_t at = 0; at < end && error == 0;) {
		off_t data = lseek(from, at, SEEK_DATA);
		off_t hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);

		if (data < 0 && errno == ENXIO)
			break; /* holes to the end */
		if (data < 0 || hole < 0) {
			data = at; /* it does not know of holes */
			hole = end;
		}
		error = copy_range(from, to, data, hole < end ? hole : end);
		at = hole;
	}
	if (error == 0 && ftruncate(to, end) < 0)
		error = -errno;
	return error;
}
