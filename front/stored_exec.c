/* `exec` of a container in which something was executed before: that stored how. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "stored.h"

#define STORED "exec.plan"

int stored_exec(const struct line *line)
{
	struct container container;
	if (!open_container(line, &container) || !container.alive || is_paused(&container))
		return NOT_DONE;
	handed_over.looked = LOOKED_MISSING;
	struct bytes file = stored_file(container.directory, STORED);
	if (file.bad || !checks_hold(stored_section(file, SECTION_CHECKS)))
		return NOT_DONE;
	struct values values = { .texts = { [VARIABLE_PROGRAM] = line->words[0] }, .list = line->words };
	/* A bare name is looked for along PATH, which the template holds. */
	enum section section = strchr(line->words[0], '/') ? SECTION_BY_PATH : SECTION_NAMED;
	struct bytes plan = fill_in_plan(stored_section(file, section), &values);
	int init = plan.bad ? -1 : open_init(&container);
	if (init < 0)
		return NOT_DONE;
	handed_over.looked = LOOKED_NOWHERE;
	launch(line, plan, init);
	return NOT_DONE;
}
