/* Command lines that are plain enough to be understood here; any other is left to the TypeScript. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stored.h"

static const char *const verbs[] = {
	[VERB_CREATE] = "create", [VERB_RUN] = "run",	[VERB_START] = "start",	  [VERB_STATE] = "state",
	[VERB_EXEC] = "exec",	  [VERB_KILL] = "kill", [VERB_DELETE] = "delete",
};

/* A flag with a value, as --name VALUE or --name=VALUE: moves on and returns the value, or NULL when it is another. */
static const char *value_of(char ***at, const char *name, const char *brief)
{
	char *word = **at;
	size_t size = strlen(name);
	if (strncmp(word, name, size) == 0 && word[size] == '=') {
		++*at;
		return word + size + 1;
	}
	if (strcmp(word, name) != 0 && (!brief || strcmp(word, brief) != 0))
		return NULL;
	if (!(*at)[1])
		return NULL;
	*at += 2;
	return (*at)[-1];
}

/*
 * Where state is when --root does not say; the rest of the rules is in src/doors/cli/places.ts. Root with somebody else's
 * environment may be a user in their own namespace.
 */
static const char *usual_root(void)
{
	const char *user = getenv("USER");
	bool is_own = !getenv("XDG_RUNTIME_DIR") || (user && strcmp(user, "root") == 0);
	if (geteuid() != 0 || !is_own || getenv("SAMPAN_ROOT") || getenv("SAMPAN_RUN_ROOT"))
		return NULL;
	return "/run/sampan/oci";
}

static bool global_flags(char ***at, const char **root)
{
	while (**at && ***at == '-') {
		const char *value = value_of(at, "--root", NULL);
		if (value)
			*root = value;
		else if (strcmp(**at, "--debug") == 0)
			++*at;
		else if (!value_of(at, "--log", NULL) && !value_of(at, "--log-format", NULL))
			return false;
	}
	return true;
}

/* Paths are put into plans and into JSON as they are. */
static bool is_plain_path(const char *path)
{
	if (*path != '/')
		return false;
	for (const char *at = path; *at; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e || *at == '"' || *at == '\\')
			return false;
	return true;
}

static bool is_id(const char *id)
{
	if (!id || !*id || *id == '.' || *id == '-' || strlen(id) > 200)
		return false;
	for (; *id; id++)
		if (!isalnum((unsigned char)*id) && !strchr("_+-.", *id))
			return false;
	return true;
}

static bool create_flags(char ***at, struct line *line)
{
	line->bundle = ".";
	line->pid_file = "";
	while (**at && ***at == '-') {
		const char *value;
		if ((value = value_of(at, "--bundle", "-b")))
			line->bundle = value;
		else if ((value = value_of(at, "--pid-file", NULL)))
			line->pid_file = value;
		else if ((value = value_of(at, "--console-socket", NULL)))
			line->console_socket = value;
		else
			return false;
	}
	bool told = getenv("NOTIFY_SOCKET") || getenv("LISTEN_FDS");
	return !told && (!*line->pid_file || is_plain_path(line->pid_file)) &&
	       (!line->console_socket || is_plain_path(line->console_socket));
}

static bool verb_flags(char ***at, struct line *line)
{
	if (line->verb == VERB_CREATE || line->verb == VERB_RUN)
		return create_flags(at, line);
	if (line->verb == VERB_DELETE && **at && (strcmp(**at, "--force") == 0 || strcmp(**at, "-f") == 0)) {
		line->force = true;
		++*at;
	}
	return line->verb != VERB_START || !getenv("NOTIFY_SOCKET");
}

/* What stands behind the id. */
static bool rest_of(char **at, struct line *line)
{
	line->words = at;
	if (line->verb == VERB_EXEC)
		return *at != NULL;
	if (line->verb == VERB_KILL && *at)
		line->signal = *at++;
	return !*at;
}

bool read_line(int argc, char **argv, struct line *line)
{
	if (argc < 2)
		return false;
	char **at = argv + 1;
	if (strcmp(*at, "oci") == 0)
		at++;
	line->given = at;
	const char *root = usual_root();
	if (!*at || !global_flags(&at, &root) || !*at || !root || !is_plain_path(root))
		return false;
	if ((size_t)snprintf(line->root, sizeof line->root, "%s", root) >= sizeof line->root)
		return false;
	unsigned verb = 0;
	while (verb < sizeof verbs / sizeof *verbs && strcmp(*at, verbs[verb]) != 0)
		verb++;
	if (verb == sizeof verbs / sizeof *verbs)
		return false;
	line->verb = (enum verb)verb;
	at++;
	if (!verb_flags(&at, line))
		return false;
	line->id = *at;
	return is_id(line->id) && rest_of(at + 1, line);
}
