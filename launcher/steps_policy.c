/* Steps on how the kernel treats the process: processor time, disk time, memory nodes, the system it presents. */
#include <string.h>
#include <sys/personality.h>

#include "kernel.h"
#include "steps.h"

#define NODES_MAX 1024
#define IO_CLASS_SHIFT 13
#define IO_WHO_PROCESS 1

/* struct sched_attr in its first version, which every kernel since 3.14 takes. */
struct kernel_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

int step_scheduler(struct run *run, const void *body)
{
	(void)run;
	const struct step_scheduler *step = body;
	const struct kernel_sched_attr attr = {
		.size = sizeof attr,
		.policy = step->policy,
		.flags = step->flags,
		.nice = (int32_t)step->nice_plus20 - 20,
		.priority = step->priority,
		.runtime = step->runtime,
		.deadline = step->deadline,
		.period = step->period,
	};
	return (int)SYS_RESULT(SYS_sched_setattr, 0, &attr, 0);
}

int step_io_priority(struct run *run, const void *body)
{
	(void)run;
	const struct step_io_priority *step = body;
	unsigned long value = (unsigned long)step->class << IO_CLASS_SHIFT | step->priority;
	return (int)SYS_RESULT(SYS_ioprio_set, IO_WHO_PROCESS, 0, value);
}

int step_affinity(struct run *run, const void *body)
{
	(void)run;
	const struct step_affinity *step = body;
	long result = SYS_RESULT(SYS_sched_setaffinity, 0, step->mask.len, step->mask.data);
	return result < 0 ? (int)result : 0;
}

int step_memory_policy(struct run *run, const void *body)
{
	(void)run;
	const struct step_memory_policy *step = body;
	unsigned long nodes[NODES_MAX / (8 * sizeof(unsigned long))] = { 0 };
	if (step->nodes.len > sizeof nodes)
		return -EINVAL;
	if (step->nodes.len)
		memcpy(nodes, step->nodes.data, step->nodes.len);
	/* The kernel takes one bit less than it is told. */
	unsigned long bits = step->nodes.len ? NODES_MAX + 1 : 0;
	return (int)SYS_RESULT(SYS_set_mempolicy, (long)(step->mode | step->flags), bits ? nodes : NULL, bits);
}

int step_personality(struct run *run, const void *body)
{
	(void)run;
	const struct step_personality *step = body;
	return personality(step->domain) < 0 ? -errno : 0;
}
