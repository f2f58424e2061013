import type { SeccompProfile, SeccompRule } from '#runtime/spec/spec.ts';

/** Calls that people miss when a filter denies them, and what they are for. */
const KNOWN: Readonly<Record<string, string>> = {
  mount: 'mounting file systems',
  unshare: 'making namespaces',
  setns: 'joining namespaces',
  pivot_root: 'changing the root',
  keyctl: "the kernel's keys",
  add_key: "the kernel's keys",
  bpf: 'eBPF programs',
  perf_event_open: 'performance counters',
  ptrace: 'debuggers',
  process_vm_readv: 'debuggers',
  io_uring_setup: 'io_uring',
  userfaultfd: 'page faults in user space',
  clone3: 'making processes the new way',
  reboot: 'rebooting',
  swapon: 'swap',
  init_module: 'kernel modules',
  finit_module: 'kernel modules',
  open_by_handle_at: 'files by handle',
  settimeofday: 'setting the clock',
  clock_settime: 'setting the clock',
  syslog: "the kernel's messages",
  personality: 'personalities',
  chroot: 'chroot',
  fanotify_init: 'watching whole file systems',
  quotactl: 'quotas',
  kexec_load: 'kexec',
  iopl: 'ports of the machine',
  ioperm: 'ports of the machine',
};

/** What becomes of a call that a filter does not let through. */
export interface DeniedCall {
  name: string;
  what: string;
  /** `EPERM`, `ENOSYS`, `errno 5`, `SIGSYS`. */
  answer: string;
}

const ERRNO_NAMES: Readonly<Record<number, string>> = { 1: 'EPERM', 13: 'EACCES', 22: 'EINVAL', 38: 'ENOSYS' };

/** The calls that a filter denies whatever their arguments are, of those that people miss. */
export function deniedCalls(profile: SeccompProfile): DeniedCall[] {
  return Object.entries(KNOWN).flatMap(([name, what]) => {
    const rules = (profile.syscalls ?? []).filter(({ names }) => names.includes(name));
    const answers = rules.length === 0 ? [answerOf(profile)] : rules.map((rule) => answerOf(profile, rule));
    const [answer] = answers;
    return answer === undefined || answers.includes(undefined) ? [] : [{ name, what, answer }];
  });
}

/** Undefined when the call is made. */
function answerOf(profile: SeccompProfile, rule?: SeccompRule): string | undefined {
  const action = rule?.action ?? profile.defaultAction;
  if (action === 'SCMP_ACT_ERRNO') {
    const errno = (rule === undefined ? profile.defaultErrnoRet : rule.errnoRet) ?? 1;
    return ERRNO_NAMES[errno] ?? `errno ${errno}`;
  }
  return /^SCMP_ACT_(?:KILL|TRAP)/.test(action) ? 'SIGSYS' : undefined;
}
