#include "stored.h"

struct handed_over handed_over;

static int (*const verbs[])(const struct line *) = {
	[VERB_CREATE] = stored_create, [VERB_RUN] = stored_create,   [VERB_START] = stored_start,
	[VERB_STATE] = stored_state,   [VERB_EXEC] = stored_exec,    [VERB_KILL] = stored_kill,
	[VERB_DELETE] = stored_delete,
};

int stored_command(int argc, char **argv)
{
	static struct line line;
	return read_line(argc, argv, &line) ? verbs[line.verb](&line) : NOT_DONE;
}
