/* The `apply` role: launcher apply TARGET_FD REPORT_FD, file steps on standard input. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply_steps.h"
#include "report.h"
#include "roles.h"

enum {
	INPUT_MAX = 2 * 1024 * 1024, /* a data step of 1 MiB and what follows it */
	READ_MAX = 256 * 1024,
	ARENA_MAX = 4 * 1024 * 1024,
	XATTRS_MAX = 1024 * 1024,
	HEAD = 8,
};

struct stream {
	size_t start;
	size_t end;
	uint32_t step; /* number of the step at hand */
	bool headed;
};

static uint8_t input[INPUT_MAX];
static _Alignas(16) uint8_t arena_memory[ARENA_MAX];
static uint8_t file_xattrs[XATTRS_MAX], step_xattrs[XATTRS_MAX];

/* Reads more; -EPIPE at the end of file, which may only come after the `end` step. */
static int fill(struct stream *stream)
{
	ssize_t count;

	if (sizeof(input) - stream->end < READ_MAX) {
		memmove(input, input + stream->start, stream->end - stream->start);
		stream->end -= stream->start;
		stream->start = 0;
	}
	if (stream->end == sizeof(input))
		return -EMSGSIZE;
	do {
		size_t room = sizeof(input) - stream->end;

		count = read(STDIN_FILENO, input + stream->end, room < READ_MAX ? room : READ_MAX);
	} while (count < 0 && errno == EINTR);
	if (count <= 0)
		return count < 0 ? -errno : -EPIPE;
	stream->end += (size_t)count;
	return 0;
}

static int check_head(struct stream *stream)
{
	uint32_t head[2];

	if (stream->headed || stream->end - stream->start < HEAD)
		return 0;
	memcpy(head, input + stream->start, HEAD);
	stream->start += HEAD;
	stream->headed = true;
	if (head[0] != FILE_STREAM_MAGIC)
		return -EPROTO;
	return head[1] == PLAN_VERSION ? 0 : -EPROTONOSUPPORT;
}

/* Every step but `data`, `keepKinds` and `end` starts with its path. */
static int execute(struct apply *state, const struct step *step, char path[PATH_MAX])
{
	uint16_t code = step->shape->code;
	int error;

	if (code != FILE_DATA) {
		error = apply_finish_file(state);
		if (error < 0)
			return error;
	}
	if (code != FILE_DATA && code != FILE_END && code != FILE_KEEP_KINDS) {
		const struct text *named = step->body;
		size_t length = named->len < PATH_MAX ? named->len : PATH_MAX - 1;

		memcpy(path, named->text, length);
		path[length] = 0;
	}
	return apply_steps[code](state, step->body);
}

/* Executes all steps that lie whole in the input. */
static int execute_input(struct apply *state, struct stream *stream, char path[PATH_MAX])
{
	while (stream->headed && !state->ended && stream->start < stream->end) {
		struct arena arena = { arena_memory, sizeof(arena_memory), 0 };
		struct step step;
		int64_t taken = decode_step(input + stream->start, stream->end - stream->start, file_shapes,
					    sizeof(file_shapes) / sizeof(file_shapes[0]), 0, 0, &arena, &step);
		int error;

		if (taken <= 0)
			return (int)taken;
		error = execute(state, &step, path);
		if (error < 0)
			return error;
		stream->start += (size_t)taken;
		stream->step++;
	}
	return 0;
}

static int run(struct apply *state, struct stream *stream, char path[PATH_MAX])
{
	const char *directory = "";
	int error = 0;

	while (error == 0 && !state->ended) {
		error = fill(stream);
		if (error == 0)
			error = check_head(stream);
		if (error == 0)
			error = execute_input(state, stream, path);
	}
	if (error < 0)
		return error;
	error = apply_directory_times(state, &directory);
	if (error == 0 && state->sync && syncfs(state->target) < 0)
		error = -errno;
	strncpy(path, directory, PATH_MAX - 1);
	return error;
}

int apply_main(int argc, char **argv)
{
	static struct apply state;
	static struct stream stream;
	static char path[PATH_MAX];
	struct report done = { .kind = REPORT_DONE, .step = NO_STEP };
	int target = descriptor_argument(argc == 4 ? argv[2] : NULL);
	int report = descriptor_argument(argc == 4 ? argv[3] : NULL);
	int error;

	if (target < 0 || report < 0)
		return EXIT_REFUSED;
	state = (struct apply){ .target = target, .parent = -1 };
	state.file.fd = -1;
	state.file.xattrs = (struct xattrs){ file_xattrs, 0, sizeof(file_xattrs), false };
	state.xattrs = (struct xattrs){ step_xattrs, 0, sizeof(step_xattrs), false };
	state.times.data = mmap(NULL, APPLY_TIMES_MAX, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (state.times.data == MAP_FAILED)
		return tree_failure(report, NO_STEP, errno, "");
	umask(0);
	error = run(&state, &stream, path);
	if (error < 0)
		return tree_failure(report, stream.step, error, path);
	report_send(report, &done);
	return 0;
}
