/* The launcher: one executable, nine roles. See docs/plan.md. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "roles.h"

static const struct role {
	const char *name;
	int (*main)(int argc, char **argv);
} roles[] = {
	{ "launch", launch_main }, { "launch-then", launch_then_main }, { "monitor", monitor_main },
	{ "apply", apply_main },   { "merge", merge_main },		 { "remove", remove_main },
	{ "pack", pack_main },     { "imply", imply_main },	 { "raw", raw_main },
};

int descriptor_argument(const char *text)
{
	char *end;
	if (!text || *text < '0' || *text > '9')
		return -1;
	errno = 0;
	long number = strtol(text, &end, 10);
	if (*end || errno || number > INT_MAX || fcntl((int)number, F_GETFD) < 0)
		return -1;
	return (int)number;
}

/* Descriptors that a role opens must never land on 0, 1 or 2. */
static int fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return -1;
	return 0;
}

static int refuse_command_line(void)
{
	static const char usage[] = "usage: launcher launch|launch-then|monitor|apply|merge|imply|remove|pack|raw ARGUMENT...\n"
				    "It is started by sampan; docs/plan.md tells what the roles expect.\n";
	ssize_t written = write(2, usage, sizeof usage - 1);
	(void)written;
	return EXIT_REFUSED;
}

int main(int argc, char **argv)
{
	if (fill_standard_descriptors() < 0)
		return EXIT_REFUSED;
	for (size_t i = 0; argc >= 2 && i < sizeof roles / sizeof *roles; i++)
		if (strcmp(argv[1], roles[i].name) == 0)
			return roles[i].main(argc, argv);
	return refuse_command_line();
}
