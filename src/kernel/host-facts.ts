import { existsSync } from 'node:fs';
import { readResctrl, type Resctrl } from './resctrl.ts';
import { cgroupLayout, type CgroupLayout } from './cgroup-layout.ts';
import { readProc } from './read-proc.ts';

/** What lowering needs to know about the machine and about this process; read once, never changed. */
export interface HostFacts {
  arch: 'x86-64' | 'arm64';
  kernel: string;
  cgroup: CgroupLayout;
  /** Number of the kernel's last capability. */
  lastCapability: number;
  /** Bit sets of this process. */
  bounding: bigint;
  effective: bigint;
  uid: number;
  gid: number;
  /** This process lives in a user namespace that is not the machine's first one. */
  inUserNamespace: boolean;
  /** The groups that there are in this process's user namespace, as /proc/self/gid_map says. */
  gidMap: string;
  /** Of this process's user namespace and all below it: nobody there may change their supplementary groups. */
  groupsFixed: boolean;
  /** Files of a control group of version 2 that go with it when it is given to a user. */
  delegatedFiles: readonly string[];
  /** Hard resource limits of this process by OCI name; a name that is missing has no limit. */
  hardLimits: Readonly<Record<string, number>>;
  seccomp: boolean;
  /** Undefined when it is not mounted. */
  resctrl: Resctrl | undefined;
  /** Files below /proc that take the label of what is executed next, of the security modules that are in force. */
  labelFiles: { readonly apparmor?: string; readonly selinux?: string };
}

const LIMITS: Readonly<Record<string, string>> = {
  'Max cpu time': 'RLIMIT_CPU',
  'Max file size': 'RLIMIT_FSIZE',
  'Max data size': 'RLIMIT_DATA',
  'Max stack size': 'RLIMIT_STACK',
  'Max core file size': 'RLIMIT_CORE',
  'Max resident set': 'RLIMIT_RSS',
  'Max processes': 'RLIMIT_NPROC',
  'Max open files': 'RLIMIT_NOFILE',
  'Max locked memory': 'RLIMIT_MEMLOCK',
  'Max address space': 'RLIMIT_AS',
  'Max file locks': 'RLIMIT_LOCKS',
  'Max pending signals': 'RLIMIT_SIGPENDING',
  'Max msgqueue size': 'RLIMIT_MSGQUEUE',
  'Max nice priority': 'RLIMIT_NICE',
  'Max realtime priority': 'RLIMIT_RTPRIO',
  'Max realtime timeout': 'RLIMIT_RTTIME',
};

/** Reads what every plan needs; the rest is read when it is asked for, and once. About a tenth of a millisecond. */
export function readHostFacts(): HostFacts {
  const status = once(() => readProc('/proc/self/status'));
  const kernel = once(() => readProc('/proc/sys/kernel/osrelease').trim());
  const resctrl = once(() => readResctrl(readProc('/proc/self/mountinfo')));
  const inUserNamespace = once(() => !/^\s*0\s+0\s+4294967295\s*$/.test(readProc('/proc/self/uid_map')));
  const bounding = once(() => hexField(status(), 'CapBnd'));
  const effective = once(() => hexField(status(), 'CapEff'));
  const hardLimits = once(() => parseLimits(readProc('/proc/self/limits')));
  return {
    arch: process.arch === 'arm64' ? 'arm64' : 'x86-64',
    get kernel() {
      return kernel();
    },
    cgroup: cgroupLayout(readProc('/proc/self/mountinfo'), readProc('/proc/self/cgroup'), (path) =>
      readProc(path).split(/\s+/).filter(Boolean),
    ),
    lastCapability: Number(readProc('/proc/sys/kernel/cap_last_cap')) || 40,
    get bounding() {
      return bounding();
    },
    get effective() {
      return effective();
    },
    uid: process.geteuid?.() ?? 0,
    get gid() {
      return Number(/^Gid:\s+\d+\s+(\d+)/m.exec(status())?.[1] ?? 0);
    },
    get inUserNamespace() {
      return inUserNamespace();
    },
    get gidMap() {
      return readProc('/proc/self/gid_map');
    },
    get groupsFixed() {
      return readProc('/proc/self/setgroups').startsWith('deny');
    },
    get delegatedFiles() {
      return readProc('/sys/kernel/cgroup/delegate').split('\n').filter(Boolean);
    },
    get hardLimits() {
      return hardLimits();
    },
    get seccomp() {
      return status().includes('\nSeccomp:');
    },
    get resctrl() {
      return resctrl();
    },
    get labelFiles() {
      return labelFiles();
    },
  };
}

function labelFiles(): HostFacts['labelFiles'] {
  const apparmor = readProc('/sys/module/apparmor/parameters/enabled').trim() === 'Y';
  const own = existsSync('/proc/self/attr/apparmor/exec') ? 'self/attr/apparmor/exec' : 'self/attr/exec';
  // Its file system is known to the kernel only when it was not switched off at boot.
  const selinux = /\sselinuxfs$/m.test(readProc('/proc/filesystems'));
  return { ...(apparmor ? { apparmor: own } : {}), ...(selinux ? { selinux: 'self/attr/exec' } : {}) };
}

function once<T>(read: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= read());
}

function hexField(status: string, name: string): bigint {
  const at = status.indexOf(`\n${name}:`);
  return at < 0 ? 0n : BigInt(`0x${status.slice(at + name.length + 2, status.indexOf('\n', at + 1)).trim()}`);
}

/** Lines `Max open files            1024                 20000                files     `. */
function parseLimits(limits: string): Record<string, number> {
  const hard: Record<string, number> = {};
  for (const line of limits.split('\n').slice(1)) {
    const name = LIMITS[line.slice(0, 26).trimEnd()];
    const value = line.slice(47, 68).trim();
    if (name !== undefined && value !== 'unlimited' && value !== '') hard[name] = Number(value);
  }
  return hard;
}
