/** Machines for tests that compare plans: nothing here is read from the machine that runs them. */
import type { CgroupLayout, Hierarchy } from './cgroup-layout.ts';
import type { HostFacts } from './host-facts.ts';

function hierarchy(...controllers: string[]): Hierarchy {
  const name = controllers.join(',');
  return { name, controllers, options: controllers, mountPoint: `/sys/fs/cgroup/${name}`, own: '/' };
}

const SYSTEMD: Hierarchy = {
  name: 'systemd',
  controllers: [],
  options: ['none', 'name=systemd'],
  mountPoint: '/sys/fs/cgroup/systemd',
  own: '/',
};

const ALL_V1 = [
  hierarchy('cpu', 'cpuacct'),
  hierarchy('cpuset'),
  hierarchy('memory'),
  hierarchy('devices'),
  hierarchy('freezer'),
  hierarchy('pids'),
  SYSTEMD,
];

const V2_CONTROLLERS = ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'];

function facts(cgroup: CgroupLayout): HostFacts {
  return {
    arch: 'x86-64',
    kernel: '6.18.0',
    cgroup,
    lastCapability: 40,
    bounding: 0x1ff_ffff_ffffn,
    effective: 0x1ff_ffff_ffffn,
    uid: 0,
    gid: 0,
    inUserNamespace: false,
    gidMap: '0 0 4294967295\n',
    groupsFixed: false,
    delegatedFiles: ['cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'],
    hardLimits: { RLIMIT_NOFILE: 20000, RLIMIT_NPROC: 96365 },
    seccomp: true,
    resctrl: undefined,
    labelFiles: {},
  };
}

export const V1_HOST: HostFacts = facts({ mode: 'v1', hierarchies: ALL_V1, unified: undefined });

export const HYBRID_HOST: HostFacts = facts({
  mode: 'hybrid',
  hierarchies: ALL_V1,
  unified: { mountPoint: '/sys/fs/cgroup/unified', own: '/', controllers: [], enabled: [] },
});

export const V2_HOST: HostFacts = facts({
  mode: 'v2',
  hierarchies: [],
  unified: { mountPoint: '/sys/fs/cgroup', own: '/', controllers: V2_CONTROLLERS, enabled: ['memory', 'pids'] },
});

/** Without CAP_SYS_RESOURCE (24), as on the build machines. */
export const LIMITED_HOST: HostFacts = {
  ...HYBRID_HOST,
  bounding: HYBRID_HOST.bounding & ~(1n << 24n),
  effective: HYBRID_HOST.effective & ~(1n << 24n),
};

/** The same machines, as an ordinary user finds them. */
const asUser = (host: HostFacts): HostFacts => ({ ...host, uid: 1000, gid: 1000, effective: 0n });
export const USER_ON_HYBRID = asUser(HYBRID_HOST);
export const USER_ON_V2 = asUser(V2_HOST);
