#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "resolver.h"

#define NOBODY 65534
#define CONNECTIONS 64 /* with the processes that serve them */

#ifdef __x86_64__
#define MACHINE AUDIT_ARCH_X86_64
#else
#define MACHINE AUDIT_ARCH_AARCH64
#endif

static const unsigned short allowed[] = {
	SYS_read, SYS_write, SYS_close, SYS_close_range, SYS_ppoll, SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_sendmsg, SYS_socket, SYS_bind, SYS_listen,
	SYS_connect, SYS_accept4, SYS_setsockopt, SYS_getsockopt, SYS_getsockname, SYS_openat, SYS_fstat, SYS_newfstatat, SYS_lseek,
	SYS_mmap, SYS_munmap, SYS_mprotect, SYS_brk, SYS_fcntl, SYS_clone, SYS_wait4, SYS_setitimer, SYS_getrandom, SYS_exit,
	SYS_exit_group, SYS_rt_sigreturn, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_clock_gettime, SYS_unlinkat, SYS_gettid,
	SYS_getpid, SYS_restart_syscall, SYS_set_robust_list, SYS_madvise, SYS_futex, SYS_tgkill,
#ifdef __x86_64__
	SYS_poll, SYS_open, SYS_alarm, SYS_fork, SYS_time, SYS_stat, SYS_unlink,
#endif
};
#define COUNT (sizeof allowed / sizeof *allowed)

static bool filter_calls(void)
{
	struct sock_filter program[4 + 2 * COUNT + 1];
	size_t at = 0;
	program[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	program[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
	program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < COUNT; i++) {
		program[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
		program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1);
	struct sock_fprog filter = { (unsigned short)at, program };
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

bool confine(void)
{
	const struct rlimit none = { 0, 0 }, few = { CONNECTIONS, CONNECTIONS };
	bool is_root = geteuid() == 0;
	setrlimit(RLIMIT_CORE, &none);
	if (is_root && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
		return false;
	setrlimit(RLIMIT_NPROC, &few);
	/* Changing the user has undone whatever was set before. */
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && filter_calls();
}
