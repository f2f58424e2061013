import { existsSync, readFileSync } from 'node:fs';
import { VERSION } from '#base/version.ts';
import { allCapabilities, capabilityNames } from '#kernel/capability-set.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import { ARCHITECTURE_NAMES } from '#runtime/seccomp/architectures.ts';
import { HONOURED } from '#runtime/spec/annotations.ts';
import { PROPERTY_PREFIX } from '#runtime/systemd/annotations.ts';
import { knows } from './knows.ts';
import { HOOKS, NAMESPACES, words } from './words.ts';

/** What a program other than us is told we can do on this machine: the features document of the specification. */
export function features(facts: HostFacts): object {
  const all = words();
  const can = knows(facts);
  return {
    ociVersionMin: '1.0.0',
    ociVersionMax: '1.3.0',
    hooks: HOOKS,
    mountOptions: all.mountOptions.filter(can.mountOption),
    linux: {
      namespaces: NAMESPACES.filter(
        (type) => existsSync(`/proc/self/ns/${FILE[type] ?? type}`) && namespace(can, type),
      ),
      capabilities: capabilityNames(allCapabilities(facts.lastCapability)),
      cgroup: {
        v1: true,
        v2: true,
        systemd: true,
        systemdUser: true,
        rdma: can.linux({ resources: { rdma: { mlx5_1: { hcaHandles: 1 } } } }),
      },
      seccomp: seccomp(facts, can, all),
      apparmor: { enabled: facts.labelFiles.apparmor !== undefined },
      selinux: { enabled: facts.labelFiles.selinux !== undefined },
      intelRdt: intelRdt(facts),
      memoryPolicy: memoryPolicy(can, all),
      mountExtensions: { idmap: { enabled: can.mount({ uidMappings: MAPPING, gidMappings: MAPPING }) } },
      netDevices: { enabled: can.linux({ netDevices: { eth0: { name: 'eth1' } } }) },
    },
    annotations: { 'io.sampan.version': VERSION },
    potentiallyUnsafeConfigAnnotations: [...HONOURED, PROPERTY_PREFIX],
  };
}

type Can = ReturnType<typeof knows>;
type Words = ReturnType<typeof words>;

const FILE: Readonly<Record<string, string>> = { mount: 'mnt', network: 'net' };
const MAPPING = [{ containerID: 0, hostID: 1000, size: 1 }];

function namespace(can: Can, type: string): boolean {
  const mapped = type === 'user' ? { uidMappings: MAPPING, gidMappings: MAPPING } : {};
  const types = type === 'mount' ? ['mount', 'uts'] : ['mount', 'uts', type];
  return can.linux({ namespaces: [...new Set(types)].map((each) => ({ type: each })), ...mapped });
}

function seccomp({ seccomp: enabled }: HostFacts, can: Can, all: Words): object {
  if (!enabled) return { enabled };
  const rule = (action: string, args: object[] = []): object => ({
    syscalls: [{ names: ['getcwd'], action, args }],
    listenerPath: '/run/listener',
  });
  const known = all.seccompFlags.filter((flag) => can.seccomp({ flags: [flag] }));
  const available = read('/proc/sys/kernel/seccomp/actions_avail').split(/\s+/);
  return {
    enabled,
    actions: all.actions.filter((action) => can.seccomp(rule(action)) && available.includes(kernelWord(action))),
    operators: all.operators.filter((op) => can.seccomp(rule('SCMP_ACT_ALLOW', [{ index: 0, value: 1, op }]))),
    archs: ARCHITECTURE_NAMES.toSorted(),
    knownFlags: known,
    supportedFlags: known,
  };
}

/** `kill_thread` for SCMP_ACT_KILL_THREAD, in the kernel's own list. */
function kernelWord(action: string): string {
  const word = action.slice('SCMP_ACT_'.length).toLowerCase();
  return { kill: 'kill_thread', notify: 'user_notif' }[word] ?? word;
}

function intelRdt({ resctrl }: HostFacts): object {
  const enabled = resctrl !== undefined;
  return enabled ? { enabled, schemata: true, monitoring: true } : { enabled };
}

function memoryPolicy(can: Can, all: Words): object {
  const policy = (more: object): boolean =>
    can.linux({ memoryPolicy: { mode: 'MPOL_BIND', nodes: '0', flags: [], ...more } });
  return {
    modes: all.memoryModes.filter((mode) => policy({ mode })),
    flags: all.memoryFlags.filter((flag) => policy({ flags: [flag] })),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
