/* One running program of a plan: its slots, children and place. Every step handler gets it. */
#ifndef SAMPAN_RUN_H
#define SAMPAN_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "decode.h"
#include "report.h"

#define DETAIL_MAX 2048

struct slot {
	int fd;    /* -1 when empty */
	pid_t pid; /* of the process, when the slot holds a pidfd that we made; 0 otherwise */
};

/* A process that this one made; the descriptor is our own, apart from the slot that the plan may close. */
struct child {
	int pidfd;
	uint32_t program;
};

/* What a failing handler says beside its errno. */
struct failure {
	const char *path;
	char detail[DETAIL_MAX];
	size_t detail_length;
	bool silent;	 /* somebody else has reported it */
	bool empty_slot; /* the step used a slot that nothing was put into */
};

struct run {
	const struct plan *plan;
	struct slot *slots;
	struct child *children; /* room for one per clone step of the plan, and one for a hook */
	uint32_t child_count;
	uint32_t child_room;
	uint32_t program;
	uint32_t step; /* counted over the whole plan */
	int report_fd;
	int exit_status;	      /* of the program at its end */
	mode_t inherited_umask;	      /* the executed program's, when the plan sets none */
	bool umask_set;		      /* by a step */
	bool joined;		      /* a namespace that others live in: never dumpable again */
	bool dumpable_until_wait;     /* while our parent writes our id maps */
	bool ready_for_exec;	      /* signals and umask are what the executed program gets */
	const uint8_t *detach_keys; /* for the next supervise */
	uint32_t detach_key_count;
	struct failure failure;
};

/* Runs the program of that number in this process; returns its exit status. */
int run_program(struct run *run, uint32_t program);

/* Descriptor of the slot, or -EBADF when it is empty or none. */
int slot_fd(struct run *run, int32_t slot);

/* The same, with AT_FDCWD for no slot at all. */
int slot_dir(struct run *run, int32_t slot);

/* Puts fd into the slot, closing what was there. A negative fd is returned as it is. */
int slot_put(struct run *run, int32_t slot, int fd);

/* Pid of the process behind a pidfd slot, as seen here; -ESRCH when it has ended and been reaped. */
pid_t slot_pid(struct run *run, int32_t slot);

/* Marks what the step is working on, for its failure record. */
static inline void at(struct run *run, const char *path)
{
	run->failure.path = path;
}

/* A record about the current step. */
void report_step(struct run *run, enum report_kind kind, int32_t value, const char *path, const void *detail,
		 size_t length);

/* Kills the processes that this one made, and waits for them. */
void kill_children(struct run *run);

/* From here on a deadly signal ends our children with us. */
void die_with_children(struct run *run);

/* Gives the executed program default signals, an empty signal mask and its umask. */
void ready_for_exec(struct run *run);

#endif
