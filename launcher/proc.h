/*
 * Files of /proc, only from a procfs that is one (its own magic, its own root) and never through something that was
 * mounted over a part of it (CVE-2019-16884, CVE-2019-19921, CVE-2025-52881).
 */
#ifndef SAMPAN_PROC_H
#define SAMPAN_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens a path below /proc; flags as of open(2). Returns a descriptor or a negative errno. */
int proc_open(const char *path, int flags);

/* Writes text to a path below /proc in one write. */
int proc_write(const char *path, const char *text, size_t length);

/* Pid of the process behind a pidfd, in the pid namespace of /proc; a negative errno when it has ended. */
pid_t proc_pid_of(int pidfd);

/* When the process was started, in clock ticks since boot (field 22 of its stat file). */
int proc_start_time(pid_t pid, uint64_t *ticks);

#endif
