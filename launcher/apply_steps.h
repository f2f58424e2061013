/* The table of file steps. */
#ifndef SAMPAN_APPLY_STEPS_H
#define SAMPAN_APPLY_STEPS_H

#include "apply.h"

enum { APPLY_TIMES_MAX = 64 * 1024 * 1024 };

/* Returns 0 or -errno. */
typedef int apply_step(struct apply *state, const void *body);

extern apply_step *const apply_steps[FILE_END + 1];

apply_step apply_file, apply_data;

/* Gives the file being filled its size, xattrs and times, and closes it. */
int apply_finish_file(struct apply *state);

/* Sets the times of all directories of the stream; *path is the one at hand. */
int apply_directory_times(struct apply *state, const char **path);

#endif
