import { expect, test } from 'bun:test';
import { CLONE } from '#kernel/linux.ts';
import type { Namespace } from '#runtime/spec/spec.ts';
import { spec } from './lowering.fixture.ts';
import { lowerNamespaces } from './namespaces.ts';

const lower = (...namespaces: Namespace[]): ReturnType<typeof lowerNamespaces> =>
  lowerNamespaces(spec({}, {}, { namespaces }));

test('a joined pid namespace is entered by the first program, others by init, the user namespace last', () => {
  const { open, join, cloneFlags } = lower(
    { type: 'mount' },
    { type: 'user', path: '/u' },
    { type: 'pid', path: '/p' },
    { type: 'network', path: '/n' },
    { type: 'ipc', path: '/i' },
  );
  expect(open.map((step) => step.op)).toEqual(['open', 'open', 'setns', 'close', 'open', 'open']);
  expect(open[2]).toMatchObject({ slot: 'ns.pid', flags: CLONE.newpid });
  const joined = join.filter((step) => step.op === 'setns').map((step) => step.slot);
  expect(joined).toEqual(['ns.ipc', 'ns.network', 'ns.user']);
  expect(join.filter((step) => step.op === 'close').map((step) => step.slot)).toEqual(joined);
  expect(cloneFlags).toBe(0);
});

test('below a joined user namespace the new ones are made after the join', () => {
  const { cloneFlags, unshare } = lower({ type: 'mount' }, { type: 'uts' }, { type: 'user', path: '/u' });
  expect(cloneFlags).toBe(0);
  expect(unshare).toMatchObject([{ op: 'unshare', flags: CLONE.newns | CLONE.newuts }]);
});

test('a new pid namespace below a joined user namespace is refused', () => {
  expect(() => lower({ type: 'mount' }, { type: 'pid' }, { type: 'user', path: '/u' })).toThrow('pid namespace');
});

test('an empty path is no path', () => {
  const { isNew, has } = lower({ type: 'mount' }, { type: 'network', path: '' });
  expect([isNew('network'), has('network'), has('pid')]).toEqual([true, true, false]);
});
