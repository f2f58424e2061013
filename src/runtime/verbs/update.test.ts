import { expect, test } from 'bun:test';
import { HYBRID_HOST } from '#kernel/host-facts.fixture.ts';
import type { Step } from '#kernel/plan.ts';
import { lowerUpdate } from '#runtime/lower/update.ts';
import { filesWritten, mergeResources } from './update.ts';

test('what is not named stays, also inside of a section', () => {
  const old = { memory: { limit: 10, swap: 20 }, cpu: { period: 5 }, devices: [{ allow: false }] };
  expect(mergeResources(old, { cpu: { quota: 3 }, pids: { limit: 7 } })).toEqual({
    ...old,
    cpu: { period: 5, quota: 3 },
    pids: { limit: 7 },
  });
  expect(old.cpu).toEqual({ period: 5 });
});

test('no limit of memory is no limit of memory and swap, unless that is named', () => {
  expect(mergeResources({ memory: { limit: 10, swap: 20 } }, { memory: { limit: -1 } }).memory?.swap).toBe(-1);
  expect(mergeResources({ memory: { limit: 10 } }, { memory: { limit: -1 } }).memory).toEqual({ limit: -1 });
});

test('limits go to the groups as they were made, whatever group this process is in', () => {
  const update = { facts: HYBRID_HOST, id: 'x', cgroupsPath: 'relative' };
  const cgroups = HYBRID_HOST.cgroup.hierarchies.map(({ mountPoint }) => `${mountPoint}/made/here`);
  const steps = lowerUpdate({ pids: { limit: 3 } }, { ...update, cgroups });
  expect(steps.map(pathOf)).toEqual(['/sys/fs/cgroup/pids/made/here/pids.max']);
  expect(() => lowerUpdate({ pids: { limit: 3 } }, { ...update, cgroups: [] })).toThrow('is delegated to this user');
  expect(steps[0]).toMatchObject({ data: '3', origin: 'linux.resources.pids.limit' });
});

const pathOf = (step: Step): string => (step.op === 'write' ? step.path : step.op);

test('what an update that fails puts back is every file that it may have written', () => {
  const steps = [
    { op: 'write', path: '/g/memory.max', data: '1' },
    { op: 'writeFirst', paths: ['/g/io.bfq.weight', '/g/io.weight'], data: ['1', 'default 1'] },
    { op: 'writeFirst', paths: ['/g/a', '/g/b'], data: ['1', '2'] },
    { op: 'umask', mask: 0 },
  ] as const;
  expect(filesWritten(steps, (path) => path === '/g/io.weight')).toEqual(['/g/memory.max', '/g/io.weight']);
});
