import { expect, test } from 'bun:test';
import { CLONE, MOUNT_ATTR, PROPAGATION } from '#kernel/linux.ts';
import type { Mount } from '#runtime/spec/spec.ts';
import { lowerAddMounts, lowerRemoveMounts, type LiveMountsContext } from './live-mounts.ts';
import { all, CONTEXT, inOrder, is, one, program, spec } from './lowering.fixture.ts';

const context: LiveMountsContext = {
  spec: spec(),
  id: 'box',
  facts: CONTEXT.facts,
  init: { pid: 40, startTime: '77' },
  bundle: '/bundle',
  rootfs: '/bundle/rootfs',
  sources: new Map([['/data', 'directory']]),
  links: new Map(),
};
const user = spec({}, {}, { namespaces: [{ type: 'mount' }, { type: 'user' }, { type: 'pid' }] });
const bind: Mount = { destination: '/at', source: '/data', options: ['bind', 'ro'] };

const add = (mounts: Mount[], more: Partial<LiveMountsContext> = {}) => lowerAddMounts(mounts, { ...context, ...more });

test('a source is cloned and cut off on the host before anything of the container is entered', () => {
  const main = program(add([bind]), 'main');
  expect(
    inOrder(main, is('prctl'), is('pidfd'), is('open'), is('pidfd'), is('tree'), is('mountAttr'), is('clone')),
  ).toBe(true);
  expect(all(main, 'mountAttr')).toMatchObject([
    { propagation: PROPAGATION.slave, recursive: 1 },
    { set: MOUNT_ATTR.readOnly },
  ]);
  expect(one(main, 'open')).toMatchObject({ path: '/proc/40/root' });
});

test('what is entered is the mount namespace, and the user namespace that owns it: no namespace of pids', () => {
  const joined = one(program(add([bind]), 'joiner'), 'setns');
  expect(joined.flags).toBe(CLONE.newns);
  const inUser = program(add([bind], { spec: user }), 'joiner');
  expect(one(inUser, 'setns').flags).toBe(CLONE.newns | CLONE.newuser);
  expect(inOrder(inUser, is('setns'), is('ids'), is('mkpath'), is('attach'), is('undo'), is('post'))).toBe(true);
});

test('each mount is taken back by itself, and failures name the destination', () => {
  const steps = program(add([bind, { ...bind, destination: '/b' }]), 'joiner');
  expect(all(steps, 'undo').map(({ mount }) => mount)).toEqual(all(steps, 'attach').map(({ mount }) => mount));
  expect(all(steps, 'mkpath').map(({ origin }) => origin)).toEqual(['mounts[0].destination', 'mounts[1].destination']);
});

test('removal finds everything before it takes anything off', () => {
  const steps = program(lowerRemoveMounts(['/a', '/b'], context), 'joiner');
  expect(steps.map(({ op }) => op)).toEqual([
    'close',
    'open',
    'setns',
    'openMount',
    'openMount',
    'detach',
    'detach',
    'post',
  ]);
});

test('refused, with the field', () => {
  const cases: [Mount[], Partial<LiveMountsContext>, string][] = [
    [[bind, { destination: '/p', type: 'proc', source: 'proc' }], {}, 'mounts[1].type'],
    [[{ ...bind, source: '/missing' }], {}, 'mounts[0].source'],
    [[{ ...bind, destination: '/proc/sys' }], {}, 'mounts[0].destination'],
    [[bind], { spec: spec({}, {}, { namespaces: [{ type: 'pid' }] }) }, 'linux.namespaces'],
  ];
  for (const [mounts, more, field] of cases) {
    expect(() => add(mounts, more)).toThrow(expect.objectContaining({ field }));
  }
});
