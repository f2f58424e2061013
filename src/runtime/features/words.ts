/** The words of the runtime specification that a runtime may or may not know. Which of them we do is asked, not said. */
export const NAMESPACES = ['cgroup', 'ipc', 'mount', 'network', 'pid', 'time', 'user', 'uts'] as const;

export const HOOKS = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'];

const scmp = (kind: string, names: string): string[] => names.split(' ').map((name) => `SCMP_${kind}_${name}`);

export const words = () => ({
  actions: scmp('ACT', 'ALLOW ERRNO KILL KILL_PROCESS KILL_THREAD LOG NOTIFY TRACE TRAP'),
  operators: scmp('CMP', 'EQ GE GT LE LT MASKED_EQ NE'),
  seccompFlags: ['LOG', 'SPEC_ALLOW', 'TSYNC', 'WAIT_KILLABLE_RECV'].map((name) => `SECCOMP_FILTER_FLAG_${name}`),
  mountOptions: (
    'async atime bind defaults dev diratime dirsync exec idmap iversion lazytime loud mand noatime nodev nodiratime ' +
    'noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev ' +
    'rdiratime relatime remount rexec ridmap rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid ' +
    'rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared ' +
    'silent slave strictatime suid symfollow sync tmpcopyup unbindable'
  ).split(' '),
  memoryModes: 'DEFAULT BIND INTERLEAVE WEIGHTED_INTERLEAVE PREFERRED PREFERRED_MANY LOCAL'
    .split(' ')
    .map((name) => `MPOL_${name}`),
  memoryFlags: ['NUMA_BALANCING', 'RELATIVE_NODES', 'STATIC_NODES'].map((name) => `MPOL_F_${name}`),
});
