/* The step that holds a control group of version 2 to its devices: an eBPF program that the kernel asks. */
#include <linux/bpf.h>
#include <string.h>
#include <sys/resource.h>

#include "kernel.h"
#include "steps.h"

/* The verifier may give up because of a signal (EAGAIN), but not for ever. */
#define LOAD_ATTEMPTS 5

static int sys_bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)SYS_RESULT(SYS_bpf, command, attr, sizeof *attr);
}

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static int load(const struct blob *program, char *log, uint32_t log_size)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof attr);
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = address(program->data);
	attr.insn_cnt = (uint32_t)(program->len / sizeof(struct bpf_insn));
	attr.license = address("GPL");
	attr.log_level = log_size > 0;
	attr.log_buf = address(log);
	attr.log_size = log_size;
	memcpy(attr.prog_name, "sampan_devices", sizeof "sampan_devices");
	int fd = -EAGAIN;
	for (int attempt = 0; attempt < LOAD_ATTEMPTS && fd == -EAGAIN; attempt++)
		fd = sys_bpf(BPF_PROG_LOAD, &attr);
	return fd;
}

/* Before Linux 5.11 a program counts against RLIMIT_MEMLOCK, which tends to be all used up. */
static int load_unlimited(const struct blob *program)
{
	const uint64_t no_limit[2] = { UINT64_MAX, UINT64_MAX };
	uint64_t before[2];
	if (SYS_RESULT(SYS_prlimit64, 0, RLIMIT_MEMLOCK, no_limit, before) < 0)
		return -EPERM;
	int fd = load(program, NULL, 0);
	long restored = SYS_RESULT(SYS_prlimit64, 0, RLIMIT_MEMLOCK, before, NULL);
	if (restored < 0 && fd >= 0) {
		close(fd);
		return (int)restored;
	}
	return fd;
}

/* What the verifier says about a program that it refused; the end of it matters. */
static void keep_log(struct run *run, const struct blob *program)
{
	static char log[65536];
	struct failure *failure = &run->failure;
	int fd = load(program, log, sizeof log);
	if (fd >= 0)
		close(fd);
	size_t length = strnlen(log, sizeof log);
	size_t kept = length < sizeof failure->detail ? length : sizeof failure->detail;
	memcpy(failure->detail, log + length - kept, kept);
	failure->detail_length = kept;
}

int step_device_program(struct run *run, const void *body)
{
	const struct step_device_program *step = body;
	int cgroup = slot_fd(run, step->cgroup);
	if (cgroup < 0)
		return cgroup;
	if (step->program.len % sizeof(struct bpf_insn))
		return -EINVAL;
	at(run, "BPF_PROG_LOAD");
	int program = load(&step->program, NULL, 0);
	if (program == -EPERM)
		program = load_unlimited(&step->program);
	if (program < 0) {
		if (program != -EPERM && program != -ENOSYS)
			keep_log(run, &step->program);
		return program;
	}
	at(run, "BPF_PROG_ATTACH");
	union bpf_attr attr;
	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	int result = sys_bpf(BPF_PROG_ATTACH, &attr);
	close(program);
	return result;
}
