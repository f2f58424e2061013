import type { HostFacts } from '#kernel/host-facts.ts';
import { broken, degraded, ok, type Look } from './finding.ts';

/** What each controller is for, by its name in version 2 and in version 1. */
const CONTROLLERS: readonly (readonly [v2: string, v1: string, option: string])[] = [
  ['memory', 'memory', '--memory'],
  ['cpu', 'cpu', '--cpus'],
  ['cpuset', 'cpuset', '--cpuset-cpus'],
  ['pids', 'pids', '--pids-limit'],
  ['io', 'blkio', '--blkio-weight'],
];

const groups: Look = ({ facts: { cgroup } }) => {
  if (cgroup.mode === 'none') return broken('no control groups are mounted', 'mount -t cgroup2 cgroup2 /sys/fs/cgroup');
  const readOnly = cgroup.unified?.readOnly === true || cgroup.hierarchies.some((one) => one.readOnly === true);
  if (readOnly)
    return degraded(`${cgroup.mode}, read-only: no limits can be set`, 'Remount /sys/fs/cgroup read-write.');
  return ok(
    cgroup.mode === 'v2' ? 'version 2' : cgroup.mode === 'v1' ? 'version 1' : 'version 1 beside an empty version 2',
  );
};

const controllers: Look = ({ facts }) => {
  const there = controllersOf(facts);
  const v2 = facts.cgroup.mode === 'v2';
  const lacking = CONTROLLERS.filter(([two, one]) => !there.has(v2 ? two : one));
  if (lacking.length === 0) return ok('memory, cpu, cpuset, pids and io');
  const names = lacking.map(([two, one, option]) => `${v2 ? two : one} (${option})`).join(', ');
  const mend =
    facts.uid === 0
      ? 'Enable them at boot: cgroup_enable=memory, or in the kernel.'
      : 'Have them delegated: systemctl edit user@.service, with Delegate=memory pids cpu cpuset io.';
  return degraded(`missing, and so are their options: ${names}`, mend);
};

function controllersOf({ cgroup }: HostFacts): Set<string> {
  const old = cgroup.hierarchies.flatMap(({ controllers: names }) => names);
  return new Set(cgroup.mode === 'v2' ? cgroup.unified?.controllers : old);
}

const swap: Look = ({ facts, read, exists }) => {
  if (facts.cgroup.mode === 'v2') return ok('limits of swap are part of version 2');
  const place = facts.cgroup.hierarchies.find(({ controllers: names }) => names.includes('memory'))?.mountPoint;
  if (place === undefined) return degraded('without the memory controller there are no limits of swap');
  if (exists(`${place}/memory.memsw.limit_in_bytes`)) return ok('swap is counted');
  const boot = read('/proc/cmdline')?.includes('swapaccount=1') === true;
  return degraded('swap is not counted: --memory-swap is refused', boot ? undefined : 'Boot with swapaccount=1.');
};

const LEAST_FILES = 1024;

const files: Look = ({ facts }) => {
  const hard = facts.hardLimits['RLIMIT_NOFILE'];
  if (hard === undefined || hard >= LEAST_FILES) return ok(hard === undefined ? 'no limit' : `${hard} at most`);
  return degraded(`${hard} open files at most`, 'Raise it: ulimit -Hn, or LimitNOFILE= of the service.');
};

/** Every container has a session keyring of its own. */
const LEAST_KEYS = 1000;

const keys: Look = ({ facts, read }) => {
  const file = `/proc/sys/kernel/keys/${facts.uid === 0 ? 'root_maxkeys' : 'maxkeys'}`;
  const most = Number(read(file) ?? LEAST_KEYS);
  if (most >= LEAST_KEYS) return ok(`${most} at most`);
  return degraded(`${most} keys at most, and each container takes one`, `echo 100000 >${file}`);
};

export const LIMITS: Readonly<Record<string, Look>> = {
  'control groups': groups,
  controllers,
  swap,
  'open files': files,
  keyrings: keys,
};
