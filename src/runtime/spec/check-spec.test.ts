import { describe, expect, test } from 'bun:test';
import { Fault } from '#base/fault.ts';
import { checkSpec } from './check-spec.ts';
import { defaultSpec } from './default-spec.ts';

/** The default configuration as JSON.parse gives it, with values put at dotted paths (`+` appends, undefined removes). */
function changed(...changes: readonly (readonly [path: string, value: unknown])[]): unknown {
  const spec: unknown = JSON.parse(JSON.stringify(defaultSpec()));
  for (const [path, value] of changes) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    const at = names.reduce((tree, name) => (tree as Record<string, unknown>)[name], spec);
    if (Array.isArray(at) && last === '+') at.push(value);
    else if (value === undefined) delete (at as Record<string, unknown>)[last];
    else (at as Record<string, unknown>)[last] = value;
  }
  return spec;
}

function refusal(path: string, value: unknown): [string, string | undefined] {
  try {
    checkSpec(changed([path, value]));
  } catch (error) {
    if (error instanceof Fault) return [error.kind, error.field];
    throw error;
  }
  throw new Error('was accepted');
}

test('the default configuration passes', () => {
  expect(checkSpec(changed()).process?.args).toEqual(['sh']);
});

test('null counts as absent, unknown properties are ignored, a user of zeros may be left out', () => {
  const spec = checkSpec(
    changed(['linux.seccomp', null], ['process.rlimits', null], ['future', { deep: 1 }], ['process.user', undefined]),
  );
  expect(spec.process?.user).toEqual({ uid: 0, gid: 0 });
});

describe('refused, with the field', () => {
  const cases: [kind: string, field: string, path: string, value: unknown][] = [
    ['invalid', 'process.args', 'process.args', []],
    ['invalid', 'process.args', 'process.args', 'sh'],
    ['invalid', 'process.args[0]', 'process.args', ['']],
    ['invalid', 'process.cwd', 'process.cwd', 'tmp'],
    ['invalid', 'process.cwd', 'process.cwd', undefined],
    ['invalid', 'process.env[1]', 'process.env', ['A=1', 'B']],
    ['invalid', 'process.args[1]', 'process.args', ['a', 'b\0c']],
    ['invalid', 'process.user.uid', 'process.user.uid', -1],
    ['invalid', 'process.rlimits[0].type', 'process.rlimits.0.type', 'RLIMIT_FUN'],
    ['invalid', 'process.rlimits[0].soft', 'process.rlimits.0.soft', 9999],
    ['invalid', 'process.rlimits[1]', 'process.rlimits.+', { type: 'RLIMIT_NOFILE', soft: 1, hard: 1 }],
    ['invalid', 'process.oomScoreAdj', 'process.oomScoreAdj', 1001],
    ['invalid', 'root', 'root', undefined],
    ['invalid', 'mounts[2].destination', 'mounts.2.destination', undefined],
    ['invalid', 'linux.namespaces[0].type', 'linux.namespaces.0.type', 'pids'],
    ['invalid', 'linux.namespaces', 'linux.namespaces.+', { type: 'pid' }],
    ['invalid', 'linux.uidMappings', 'linux.namespaces.+', { type: 'user' }],
    ['invalid', 'hostname', 'linux.namespaces', [{ type: 'mount' }]],
    ['invalid', 'linux.resources.devices[0].access', 'linux.resources.devices.0.access', 'rx'],
    ['invalid', 'linux.rootfsPropagation', 'linux.rootfsPropagation', 'sometimes'],
    ['invalid', 'linux.seccomp.defaultAction', 'linux.seccomp', { defaultAction: 'SCMP_ACT_PRAY' }],
    ['unsupported', 'ociVersion', 'ociVersion', '2.0.0'],
    ['invalid', 'hooks.prestart[0].path', 'hooks', { prestart: [{ path: 'bin/true' }] }],
    ['invalid', 'hooks.poststop[1].timeout', 'hooks', { poststop: [{ path: '/a' }, { path: '/a', timeout: 0 }] }],
    ['invalid', 'process.apparmorProfile', 'process.apparmorProfile', 7],
    ['invalid', 'linux.intelRdt.closID', 'linux.intelRdt', { closID: '../x' }],
    ['invalid', 'linux.netDevices.eth0.name', 'linux.netDevices', { eth0: { name: 'a b' } }],
    ['invalid', 'linux.timeOffsets', 'linux.timeOffsets', { boottime: { secs: 1 } }],
    ['invalid', 'process.scheduler.policy', 'process.scheduler', { policy: 'SCHED_FAST' }],
    ['invalid', 'process.scheduler.priority', 'process.scheduler', { policy: 'SCHED_BATCH', priority: 3 }],
    ['invalid', 'process.scheduler.runtime', 'process.scheduler', { policy: 'SCHED_FIFO', priority: 3, runtime: 5 }],
    ['invalid', 'process.ioPriority.priority', 'process.ioPriority', { class: 'IOPRIO_CLASS_BE', priority: 8 }],
    ['invalid', 'linux.personality.domain', 'linux.personality', { domain: 'PLAN9' }],
    ['invalid', 'linux.memoryPolicy.mode', 'linux.memoryPolicy', { mode: 'MPOL_NEAR' }],
    ['invalid', 'linux.resources.blockIO.weight', 'linux.resources.blockIO', { weight: 1001 }],
    [
      'invalid',
      'linux.resources.blockIO.throttleReadBpsDevice[0].rate',
      'linux.resources.blockIO',
      { throttleReadBpsDevice: [{ major: 8, minor: 0 }] },
    ],
    [
      'invalid',
      'linux.resources.hugepageLimits[0].pageSize',
      'linux.resources.hugepageLimits',
      [{ pageSize: '2M', limit: 0 }],
    ],
    ['invalid', 'linux.resources.rdma.mlx.hcaHandles', 'linux.resources.rdma', { mlx: { hcaHandles: -1 } }],
    ['invalid', 'mounts[0].uidMappings[0].containerID', 'mounts.0.uidMappings', [{ size: 1 }]],
    ['invalid', 'mounts[0].uidMappings[0].size', 'mounts.0.uidMappings', [{ containerID: 0, hostID: 0, size: 0 }]],
  ];
  for (const [kind, field, path, value] of cases) {
    test(`${field} (${path} = ${JSON.stringify(value)})`, () => {
      expect(refusal(path, value)).toEqual([kind, field]);
    });
  }
});

test('sections that ask for nothing are no reason to refuse', () => {
  const blockIO = { weight: 0, weightDevice: [] };
  const spec = checkSpec(changed(['hooks', {}], ['linux.resources.blockIO', blockIO], ['process.apparmorProfile', '']));
  expect(spec.linux?.resources?.devices).toHaveLength(1);
});
