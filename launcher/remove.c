/* The `remove` role: launcher remove PARENT_FD NAME REPORT_FD */
#include <errno.h>
#include <string.h>

#include "report.h"
#include "roles.h"
#include "tree.h"

int remove_main(int argc, char **argv)
{
	const char *name = argc == 5 ? argv[3] : "";
	int parent, report, error;

	if (argc != 5)
		return EXIT_REFUSED;
	parent = descriptor_argument(argv[2]);
	report = descriptor_argument(argv[4]);
	if (parent < 0 || report < 0)
		return EXIT_REFUSED;
	if (name[0] == 0 || strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		error = -EINVAL;
	else
		error = remove_tree(parent, name);
	return error == 0 ? 0 : tree_failure(report, NO_STEP, error, name);
}
