/* Exchanges two names over and over for the given milliseconds: swap MILLISECONDS A B. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	long long until = now_ms() + atoi(argv[1]);
	long swaps = 0;
	while (now_ms() < until)
		for (int i = 0; i < 64; i++)
			swaps += syscall(SYS_renameat2, AT_FDCWD, argv[2], AT_FDCWD, argv[3], 2 /* RENAME_EXCHANGE */) == 0;
	printf("swapped %ld\n", swaps);
	return swaps == 0;
}
