#include "seal.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "kernel.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#define F_SEAL_SEAL 1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW 4
#define F_SEAL_WRITE 8
#endif
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define KERNEL_MFD_EXEC 0x10u

static int new_memfd(void)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = (int)SYS_RESULT(SYS_memfd_create, "sampan-launcher", flags | KERNEL_MFD_EXEC);
	if (fd == -EINVAL) /* before Linux 6.3 every memfd is executable and the flag is unknown */
		fd = (int)SYS_RESULT(SYS_memfd_create, "sampan-launcher", flags);
	return fd;
}

static int copy_all(int to, int from)
{
	struct stat stat;
	if (fstat(from, &stat) < 0)
		return -errno;
	for (off_t done = 0; done < stat.st_size;) {
		ssize_t copied = sendfile(to, from, NULL, (size_t)(stat.st_size - done));
		if (copied <= 0)
			return copied < 0 ? -errno : -EIO;
		done += copied;
	}
	return 0;
}

int run_sealed(char **argv)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self < 0)
		return -errno;
	int seals = fcntl(self, F_GET_SEALS);
	if (seals >= 0 && (seals & SEALS) == SEALS) {
		close(self);
		return 0;
	}
	int copy = new_memfd();
	if (copy < 0)
		return copy;
	int result = copy_all(copy, self);
	if (result)
		return result;
	if (fcntl(copy, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	char *const no_environment[] = { NULL };
	result = (int)SYS_RESULT(SYS_execveat, copy, "", argv, no_environment, AT_EMPTY_PATH);
	if (result != -ENOENT)
		return result;
	/* Debian's last 5.10 kernels know no empty path here. */
	char path[sizeof "/proc/self/fd/2147483647"];
	snprintf(path, sizeof path, "/proc/self/fd/%d", copy);
	return (int)SYS_RESULT(SYS_execve, path, argv, no_environment);
}
