/* `create` and `run` of a compiled bundle. What src/runtime/verbs/prepare.ts does, from what it stored. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "stored.h"

#define COMPILED "sampan.plan"
#define MOST_CONFIG (16u << 20)
#define CREATED_SIZE 160 /* whatever the clock says */

/* As JavaScript's toISOString(). Days are counted by 400 years of 146,097 days from 1 March 2000. */
static void now(char *out, size_t room)
{
	struct timespec time;
	clock_gettime(CLOCK_REALTIME, &time);
	long days = time.tv_sec / 86400 - 11017, second = time.tv_sec % 86400;
	long era = days / 146097, day = days % 146097;
	long year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	long month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	year += 2000 + 400 * era + (month >= 10);
	snprintf(out, room, "%04ld-%02ld-%02ldT%02ld:%02ld:%02ld.%03ldZ", year, month < 10 ? month + 3 : month - 9, day + 1,
		 second / 3600, second / 60 % 60, second % 60, time.tv_nsec / 1000000);
}

static bool same_bytes(struct bytes left, struct bytes right)
{
	return !left.bad && !right.bad && left.size == right.size && memcmp(left.at, right.at, left.size) == 0;
}

/* The compiled file, when it is of this bundle as it is now. */
static struct bytes compiled(int bundle)
{
	struct stat found;
	if (fstatat(bundle, COMPILED, &found, AT_SYMLINK_NOFOLLOW) < 0) {
		handed_over.looked = LOOKED_MISSING;
		return (struct bytes){ .bad = true };
	}
	handed_over.looked = LOOKED_STALE;
	struct bytes file = stored_file(bundle, COMPILED);
	if (file.bad || !same_bytes(stored_section(file, SECTION_CONFIG), read_whole(bundle, "config.json", MOST_CONFIG)))
		return (struct bytes){ .bad = true };
	file.bad = !checks_hold(stored_section(file, SECTION_CHECKS));
	return file;
}

/* The directory is the one that was compiled, under whichever name. */
static bool is_compiled_place(int bundle, struct bytes section)
{
	struct stat now, then;
	const char *path = take_text(&section);
	return path && fstat(bundle, &now) == 0 && stat(path, &then) == 0 && now.st_dev == then.st_dev &&
	       now.st_ino == then.st_ino;
}

struct filled {
	struct bytes plan, state, answers, text;
};

static bool fill_all(struct bytes file, const struct line *line, struct filled *filled)
{
	char created[CREATED_SIZE];
	now(created, sizeof created);
	struct values values = { .texts = {
		[VARIABLE_ID] = line->id, [VARIABLE_ROOT] = line->root, [VARIABLE_PID_FILE] = line->pid_file,
		[VARIABLE_CONSOLE_SOCKET] = line->console_socket, [VARIABLE_CREATED] = created,
	} };
	bool create = line->verb == VERB_CREATE;
	filled->plan = fill_in_plan(stored_section(file, create ? SECTION_CREATE : SECTION_RUN), &values);
	/* It is for a terminal that somebody else gets, and refused where there is none. */
	bool for_nothing = line->console_socket && !(values.used & 1u << VARIABLE_CONSOLE_SOCKET);
	filled->state = fill_in(stored_section(file, SECTION_STATE), &values);
	filled->answers = fill_in(stored_section(file, SECTION_ANSWERS), &values);
	filled->text = create ? fill_in(stored_section(file, SECTION_PLAN), &values) : (struct bytes){ 0 };
	return !for_nothing && !filled->plan.bad && !filled->state.bad && !filled->answers.bad && !filled->text.bad;
}

/* The record of the container; the state is put in place last, as whoever finds none knows that it was being made. */
static bool record(int directory, const struct filled *filled, struct bytes config)
{
	return write_file(directory, "config.json", config.at, config.size) &&
	       write_file(directory, "answers", filled->answers.at, filled->answers.size) &&
	       (filled->text.size == 0 || write_file(directory, "plan.json", filled->text.at, filled->text.size)) &&
	       write_file(directory, "state.json.new", filled->state.at, filled->state.size) &&
	       renameat(directory, "state.json.new", directory, "state.json") == 0;
}

static void take_back(int directory, const char *path)
{
	static const char *const files[] = { "config.json", "answers", "plan.json", "state.json.new", "state.json" };
	for (unsigned i = 0; directory >= 0 && i < sizeof files / sizeof *files; i++)
		unlinkat(directory, files[i], 0);
	rmdir(path);
}

/* Making the directory is the lock on the id. */
static bool claim(const char *root, const char *path)
{
	if (mkdir(path, 0700) == 0)
		return true;
	return errno == ENOENT && mkdir(root, 0700) == 0 && mkdir(path, 0700) == 0;
}

int stored_create(const struct line *line)
{
	char path[4096];
	struct filled filled;
	int bundle = open(line->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct bytes file = bundle < 0 ? (struct bytes){ .bad = true } : compiled(bundle);
	if (file.bad || !is_compiled_place(bundle, stored_section(file, SECTION_BUNDLE)) || !fill_all(file, line, &filled))
		return NOT_DONE;
	handed_over.looked = LOOKED_NOWHERE;
	snprintf(path, sizeof path, "%s/%s", line->root, line->id);
	if (!claim(line->root, path))
		return NOT_DONE;
	int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (directory >= 0 && record(directory, &filled, stored_section(file, SECTION_CONFIG)))
		launch(line, filled.plan, -1);
	take_back(directory, path);
	return NOT_DONE;
}
