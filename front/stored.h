/*
 * What is done without a JavaScript engine: plans that were compiled before are executed, and the verbs after `create`
 * are answered from what it stored (src/runtime/stored/). Everything here either does the whole command or changes
 * nothing and leaves it to the TypeScript, which does it all over: no message is made here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NOT_DONE (-1)

enum verb { VERB_CREATE, VERB_RUN, VERB_START, VERB_STATE, VERB_EXEC, VERB_KILL, VERB_DELETE };

/* A command line that is plain enough; texts point into argv. */
struct line {
	enum verb verb;
	char root[3072];
	const char *bundle, *pid_file, *console_socket, *id, *signal;
	bool force;
	char **words; /* of exec: the program and its arguments, NULL at the end */
	char **given; /* everything after the program's name, or after `oci` */
};

/* What the TypeScript is told when it takes over. */
enum looked { LOOKED_NOWHERE, LOOKED_MISSING, LOOKED_STALE };
struct handed_over {
	enum looked looked;   /* for a stored plan */
	uint8_t *report;      /* of a container that `start` has let go; NULL when it has not */
	size_t report_size;
};
extern struct handed_over handed_over;

/* Runs an OCI command line: its exit status, or NOT_DONE. */
int stored_command(int argc, char **argv);

/* stored_line.c: returns whether the line is plain. */
bool read_line(int argc, char **argv, struct line *line);

/* A piece of memory that is read from or written to; `bad` once that was impossible. */
struct bytes {
	uint8_t *at;
	size_t size, room;
	bool bad;
};

/* stored_bytes.c. The whole file, at most `most` bytes and never nothing; with a NUL behind it. */
struct bytes read_whole(int directory, const char *path, size_t most);
/* The same in two parts, for whoever looks at what was opened in between; read_open closes, and takes a negative fd. */
int open_plainly(int directory, const char *path);
struct bytes read_open(int fd, size_t most);
struct bytes take(struct bytes *from, size_t size);
uint32_t take_u32(struct bytes *from);
uint64_t take_u64(struct bytes *from);
const char *take_text(struct bytes *from);
void put(struct bytes *to, const void *bytes, size_t size);
void put_u32(struct bytes *to, uint32_t number);
bool write_file(int directory, const char *name, const void *bytes, size_t size);

/* stored_file.c: a section of a stored file; empty (and NULL) when there is none. */
enum section {
	SECTION_CONFIG = 1, SECTION_CHECKS, SECTION_RUN, SECTION_CREATE, SECTION_STATE, SECTION_PLAN, SECTION_ANSWERS,
	SECTION_NAMED, SECTION_BY_PATH, SECTION_BUNDLE,
};
struct bytes stored_section(struct bytes file, enum section section);
/* Reads one of this build's; bad when it is missing, another's, or not ours alone to write. */
struct bytes stored_file(int directory, const char *path);

/* stored_checks.c: whether everything that a plan depends on is as it was. */
bool checks_hold(struct bytes checks);

/* stored_template.c */
enum variable {
	VARIABLE_ID = 1, VARIABLE_ROOT, VARIABLE_PID_FILE, VARIABLE_CONSOLE_SOCKET, VARIABLE_CREATED, VARIABLE_PROGRAM,
	VARIABLE_ARGUMENTS, VARIABLES,
};
struct values {
	const char *texts[VARIABLES];
	char **list; /* of VARIABLE_ARGUMENTS */
	uint32_t used; /* bits of those that a template had a place for */
};
/* The template with the values put in, and a NUL behind it; bad when it cannot be. */
struct bytes fill_in(struct bytes template, struct values *values);
/* The same for a plan, whose head says how long it is. */
struct bytes fill_in_plan(struct bytes template, struct values *values);

/* stored_container.c: one container as it is now. */
struct container {
	int directory; /* its files */
	pid_t pid;
	char start_time[24];
	bool alive, waits; /* waits: to be started */
	struct bytes answers;
};
/* Opens the container; false when it is not there, is being made, or stored no answers. */
bool open_container(const struct line *line, struct container *container);
bool can(const struct container *container, const char *verb);
bool is_paused(const struct container *container);
/* Calls `act` for every control group; stops at the first that returns false. */
bool each_group(const struct container *container, bool (*act)(const char *path));
/* A descriptor of its first process, which is still the same; negative when it has ended. */
int open_init(const struct container *container);

/* stored_verbs.c */
int stored_state(const struct line *line);
int stored_start(const struct line *line);
int stored_kill(const struct line *line);
int stored_delete(const struct line *line);

/* stored_run.c, stored_exec.c */
int stored_create(const struct line *line);
int stored_exec(const struct line *line);

/* stored_launch.c: this process becomes the launcher with that plan; only returns when it cannot. */
void launch(const struct line *line, struct bytes plan, int inherited);
/* The launcher in memory, where nobody can write to it; a descriptor, or negative with errno set. */
int sealed_launcher(void);
