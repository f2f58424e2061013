/** Steps that make this process what the program shall be: names, limits, identity, confinement. See steps.ts. */
import type { StepSpec } from './step-spec.ts';

export const IDENTITY_STEPS = {
  /** sethostname. */
  hostname: { code: 70, fields: { name: 'str' } },
  /** setdomainname. */
  domainname: { code: 71, fields: { name: 'str' } },
  /** Brings a network interface of this network namespace up (SIOCSIFFLAGS). */
  ifUp: { code: 72, fields: { name: 'str' } },
  /** prlimit of this process, or of the process in pidfd. */
  rlimit: { code: 73, fields: { pidfd: 'slot?', resource: 'u32', soft: 'u64', hard: 'u64' } },
  /** prctl(option, a, b, c, d). */
  prctl: { code: 74, fields: { option: 'u32', a: 'u64?', b: 'u64?', c: 'u64?', d: 'u64?' } },
  /**
   * Writes oom_score_adj of the process in pidfd (or this one). The value is offset by 1000 so that it is never
   * negative here.
   */
  oomScore: { code: 75, fields: { pidfd: 'slot?', plus1000: 'u32' } },
  /** umask. */
  umask: { code: 76, fields: { mask: 'u32' } },
  /** PR_CAPBSET_DROP of every capability the kernel knows that is not in keep. */
  dropBounding: { code: 77, fields: { keep: 'u64' } },
  /** PR_SET_KEEPCAPS, setgroups (unless keepGroups=1), setresgid, setresuid, then keepcaps off. */
  ids: { code: 78, fields: { uid: 'u32', gid: 'u32', groups: 'u32s?', keepGroups: 'u32?' } },
  /**
   * capset of the three sets, then ambient cleared and raised for each bit. Bits the process does not hold are left
   * out of permitted and effective, and reported as one `warn` record.
   */
  caps: { code: 79, fields: { effective: 'u64', permitted: 'u64', inheritable: 'u64', ambient: 'u64' } },
  /**
   * seccomp(SECCOMP_SET_MODE_FILTER, flags, the array of struct sock_filter in program). With the flag NEW_LISTENER the
   * listener goes to out.
   */
  seccomp: { code: 80, fields: { filter: 'bytes', flags: 'u32?', out: 'slot?' } },
  /** chdir(path), then the raw getcwd must start with "/" (ENOENT otherwise). */
  cwd: { code: 81, fields: { path: 'str' } },
  /** The raw getcwd must start with "/". */
  checkCwd: { code: 82, fields: {} },
  /**
   * BPF_PROG_LOAD of the program (type CGROUP_DEVICE, license GPL; EPERM is tried once more with RLIMIT_MEMLOCK
   * lifted, which kernels before 5.11 count it against), then BPF_PROG_ATTACH to the cgroup of version 2 with
   * BPF_F_ALLOW_MULTI. The detail of a refused program is the verifier's log.
   */
  deviceProgram: { code: 84, fields: { cgroup: 'slot', program: 'bytes' } },
  /** sched_setattr of this process; the nice value is offset by 20 so that it is never negative here. */
  scheduler: {
    code: 85,
    fields: {
      policy: 'u32',
      flags: 'u64?',
      nicePlus20: 'u32',
      priority: 'u32?',
      runtime: 'u64?',
      deadline: 'u64?',
      period: 'u64?',
    },
  },
  /** ioprio_set of this process: IOPRIO_CLASS_* and the priority within it. */
  ioPriority: { code: 86, fields: { class: 'u32', priority: 'u32?' } },
  /** sched_setaffinity of this process: one bit per processor, the first in the lowest bit of the first byte. */
  affinity: { code: 87, fields: { mask: 'bytes' } },
  /** set_mempolicy(mode|flags): one bit per node as in `affinity`, at most 1024; none is no set at all. */
  memoryPolicy: { code: 88, fields: { mode: 'u32', flags: 'u32?', nodes: 'bytes' } },
  /** personality(domain). */
  personality: { code: 89, fields: { domain: 'u32' } },
  /** KEYCTL_JOIN_SESSION_KEYRING with name; ENOSYS is fine. */
  sessionKeyring: { code: 83, fields: { name: 'str' } },
} as const satisfies Record<string, StepSpec>;
