/*
 * Looks at every process in sight, over and over for the given milliseconds, and prints what it must never get at: the
 * launcher's executable, or the files, memory or directories of a process that is not yet the container's program.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void look_at_binary(int process, const char *pid)
{
	char target[256];
	ssize_t length = readlinkat(process, "exe", target, sizeof target - 1);
	if (length <= 0)
		return;
	target[length] = 0;
	if (strstr(target, "memfd") || strstr(target, "sampan") || strstr(target, "launcher"))
		printf("exe of %s is %s\n", pid, target);
	static const int ways[] = { O_WRONLY, O_RDWR, O_WRONLY | O_APPEND };
	for (int i = 0; i < 3; i++) {
		int fd = openat(process, "exe", ways[i] | O_CLOEXEC);
		if (fd < 0)
			continue;
		/* A write of nothing: the file of the container's own program may be its own. */
		if (strstr(target, "busybox") == NULL)
			printf("exe of %s opened for writing: %s\n", pid, target);
		close(fd);
	}
}

static void look_at_tree(int process, const char *pid, const struct stat *own)
{
	static const char *const links[] = { "root", "cwd" };
	struct stat other;
	for (int i = 0; i < 2; i++)
		if (fstatat(process, links[i], &other, 0) == 0 && (other.st_dev != own->st_dev || other.st_ino != own->st_ino))
			printf("%s of %s is another directory\n", links[i], pid);
}

/* The set of capabilities that a status file names; 0 when it cannot be read. */
static unsigned long long capabilities(int process, const char *name)
{
	char text[4096];
	int fd = openat(process, "status", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (length <= 0)
		return 0;
	text[length] = 0;
	const char *line = strstr(text, name);
	return line ? strtoull(line + strlen(name), NULL, 16) : 0;
}

static void look_at_rights(int process, const char *pid, unsigned long long own)
{
	if (capabilities(process, "CapPrm:") & ~own)
		printf("process %s holds more capabilities than the container\n", pid);
}

static void look_at_descriptors(int process, const char *pid)
{
	int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *entry; list && (entry = readdir(list));) {
		char target[256];
		ssize_t length = readlinkat(fd, entry->d_name, target, sizeof target - 1);
		if (length <= 0)
			continue;
		target[length] = 0;
		if (atoi(entry->d_name) > 2)
			printf("descriptor %s of %s is %s\n", entry->d_name, pid, target);
	}
	if (list)
		closedir(list);
}

int main(int argc, char **argv)
{
	long long until = now_ms() + (argc > 1 ? atoi(argv[1]) : 1000);
	long seen = 0;
	struct stat own;
	char self[16];
	stat("/", &own);
	int self_process = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned long long rights = capabilities(self_process, "CapBnd:");
	close(self_process);
	snprintf(self, sizeof self, "%d", getpid());
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (now_ms() < until) {
		DIR *proc = opendir("/proc");
		for (struct dirent *entry; (entry = readdir(proc));) {
			char path[300];
			if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || strcmp(entry->d_name, self) == 0)
				continue;
			snprintf(path, sizeof path, "/proc/%s", entry->d_name);
			int process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
			if (process < 0)
				continue;
			seen++;
			look_at_binary(process, entry->d_name);
			look_at_rights(process, entry->d_name, rights);
			look_at_tree(process, entry->d_name, &own);
			look_at_descriptors(process, entry->d_name);
			close(process);
		}
		closedir(proc);
	}
	printf("seen %ld\n", seen);
	return 0;
}
