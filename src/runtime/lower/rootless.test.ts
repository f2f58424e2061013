import { describe, expect, test } from 'bun:test';
import { HYBRID_HOST, USER_ON_HYBRID, USER_ON_V2, V2_HOST } from '#kernel/host-facts.fixture.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { Plan } from '#kernel/plan.ts';
import { defaultSpec } from '#runtime/spec/default-spec.ts';
import { rootlessSpec } from '#runtime/spec/rootless-spec.ts';
import type { Linux, Process, Spec } from '#runtime/spec/spec.ts';
import { lowerContainer } from './container.ts';
import type { LowerContext } from './context.ts';
import { lowerExec } from './exec.ts';
import { all, CONTEXT, inOrder, is, one, program } from './lowering.fixture.ts';

const USER = { uid: 1000, gid: 1000 };
const SOURCES = new Map(['/sys', '/proc'].map((path) => [path, 'directory' as const]));
const MAPPERS = { uids: '/usr/bin/newuidmap', gids: '/usr/bin/newgidmap' };

function rootless(linux: Partial<Linux> = {}, process: Partial<Process> = {}): Spec {
  const base = rootlessSpec(defaultSpec(), USER);
  return {
    ...base,
    process: { ...(base.process as Process), terminal: false, ...process },
    linux: { ...base.linux, ...linux },
  };
}

function lower(spec: Spec, facts: HostFacts, more: Partial<LowerContext> = {}): Plan {
  const cgroup = { path: 'box', directories: [] };
  return lowerContainer(spec, { ...CONTEXT, facts, cgroup, sources: SOURCES, mappers: MAPPERS, ...more }).plan;
}

describe('an ordinary user', () => {
  test('maps themselves, and gives up on groups first', () => {
    const main = program(lower(rootless(), USER_ON_HYBRID), 'main');
    expect(one(main, 'idmap')).toMatchObject({ uidMap: '0 1000 1\n', gidMap: '0 1000 1\n', denySetgroups: 1 });
    expect(all(main, 'mapIds')).toEqual([]);
  });

  test('has more mapped by programs for it', () => {
    const range = [
      { containerID: 0, hostID: 1000, size: 1 },
      { containerID: 1, hostID: 100_000, size: 65_536 },
    ];
    const plan = lower(rootless({ uidMappings: range, gidMappings: range }), USER_ON_HYBRID);
    const numbers = ['0', '1000', '1', '1', '100000', '65536'];
    expect(all(program(plan, 'main'), 'mapIds').map(({ path, argv }) => [path, argv])).toEqual([
      ['/usr/bin/newuidmap', ['newuidmap', '', ...numbers]],
      ['/usr/bin/newgidmap', ['newgidmap', '', ...numbers]],
    ]);
    const without = { mappers: { uids: undefined, gids: undefined } };
    expect(() => lower(rootless({ uidMappings: range }), USER_ON_HYBRID, without)).toThrow('not installed');
  });

  test('clones trees in the new mount namespace, before root inside is somebody else', () => {
    const plan = lower(rootless(), USER_ON_HYBRID);
    expect(all(program(plan, 'main'), 'tree')).toEqual([]);
    expect(inOrder(program(plan, 'init'), is('wait'), is('propagation'), is('tree'), is('ids'), is('attach'))).toBe(
      true,
    );
  });

  test('sets its score for the OOM killer while it may, and a refusal is no failure', () => {
    const plan = lower(rootless({}, { oomScoreAdj: 5 }), USER_ON_HYBRID);
    expect(all(program(plan, 'main'), 'oomScore')).toEqual([]);
    expect(one(program(plan, 'init'), 'oomScore').onError).toBe('warn');
    expect(inOrder(program(plan, 'init'), is('oomScore'), is('wait'))).toBe(true);
  });

  test('needs a user namespace', () => {
    const plain = rootless({ namespaces: [{ type: 'mount' }], uidMappings: [], gidMappings: [] });
    expect(() => lower(plain, USER_ON_HYBRID)).toThrow('user 1000 needs a user namespace');
  });

  test('without a group has no limits, and nothing of the group is done', () => {
    for (const facts of [USER_ON_HYBRID, USER_ON_V2]) {
      const steps = lower(rootless(), facts).programs.flatMap(({ steps: own }) => own);
      expect(
        steps.filter(({ origin }) => origin?.startsWith('linux.cgroupsPath') || origin?.startsWith('linux.resources')),
      ).toEqual([]);
      const limited = rootless({ resources: { pids: { limit: 5 } } });
      expect(() => lower(limited, facts)).toThrow('no control group of "pids" is delegated');
    }
  });

  test('execs as they map, without touching groups', () => {
    const spec = rootless();
    const init = { pid: 7, startTime: '8' };
    const context = { spec, facts: USER_ON_HYBRID, init, cgroupsPath: 'box', cgroups: [], terminal: CONTEXT.terminal };
    const { plan } = lowerExec(spec.process as Process, { ...context, mode: 'run' });
    expect(all(program(plan, 'joiner'), 'ids').map(({ keepGroups }) => keepGroups)).toEqual([1, 1]);
  });
});

describe('mounts in a user namespace', () => {
  const mounts = (facts: HostFacts, linux: Partial<Linux>, mount: NonNullable<Spec['mounts']>[number]) => {
    const plan = lower({ ...rootless(linux), mounts: [mount] }, facts);
    return plan.programs.flatMap(({ steps }) => steps).filter(({ origin }) => origin === 'mounts[0]');
  };
  const sysfs = { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro', 'nosuid'] };

  test('the host’s tree stands for a namespace that is the host’s, read-only as a whole', () => {
    const bound = mounts(USER_ON_HYBRID, {}, sysfs);
    expect(one(bound, 'tree')).toMatchObject({ path: '/sys', recursive: 1 });
    expect(one(bound, 'mountAttr')).toMatchObject({ set: 3, recursive: 1 });
  });

  test('a namespace of one’s own has its own', () => {
    const namespaces = [...(rootless().linux?.namespaces ?? []), { type: 'network' as const }];
    expect(all(mounts(USER_ON_HYBRID, { namespaces }, sysfs), 'fsmount')).toHaveLength(1);
  });

  test('what the host has not mounted is left empty', () => {
    const namespaces = (rootless().linux?.namespaces ?? []).filter(({ type }) => type !== 'ipc');
    const mqueue = { destination: '/dev/mqueue', type: 'mqueue' };
    expect(one(mounts(USER_ON_HYBRID, { namespaces }, mqueue), 'fsmount').fstype).toBe('tmpfs');
  });

  test('control groups that are not the container’s are not shown, or read-only', () => {
    const cgroup = { destination: '/sys/fs/cgroup', type: 'cgroup' };
    expect(one(mounts(USER_ON_HYBRID, {}, cgroup), 'fsmount')).toMatchObject({ fstype: 'tmpfs', attrs: 1 });
    expect(one(mounts(USER_ON_V2, {}, cgroup), 'fsmount')).toMatchObject({ fstype: 'cgroup2', attrs: 1 });
    const namespaces = (rootless().linux?.namespaces ?? []).filter(({ type }) => type !== 'cgroup');
    expect(one(mounts(USER_ON_V2, { namespaces }, cgroup), 'fsmount')).toMatchObject({ fstype: 'tmpfs', attrs: 1 });
  });

  test('root of the machine is not concerned, unless the container has a user namespace', () => {
    const plain = { namespaces: [{ type: 'mount' as const }], uidMappings: [], gidMappings: [] };
    expect(one(mounts(HYBRID_HOST, plain, sysfs), 'fsmount').fstype).toBe('sysfs');
    expect(one(mounts(V2_HOST, {}, sysfs), 'tree').path).toBe('/sys');
  });
});
