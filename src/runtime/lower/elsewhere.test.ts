import { expect, test } from 'bun:test';
import type { Step } from '#kernel/plan.ts';
import { openElsewhere, treeElsewhere } from './elsewhere.ts';

test('what lies in another namespace of mounts is cloned there, and the way back is by descriptors', () => {
  const places = new Map([['/dev/shm', '/proc/7/ns/mnt']]);
  expect(openElsewhere({})).toEqual([]);
  const [opened] = openElsewhere({ elsewhere: places });
  expect(opened).toMatchObject({ op: 'open', path: '/proc/7/ns/mnt' });
  const steps = treeElsewhere('/dev/shm', '/dev/shm', 'mount.1');
  const joins = steps.flatMap((step) => (step.op === 'setns' ? [step.slot] : []));
  expect(joins).toEqual([slotOf(opened), slotOf(steps[0])]);
  const [away, back] = steps.flatMap((step, at) => (step.op === 'setns' ? [at] : []));
  const clone = steps.findIndex(({ op }) => op === 'tree');
  expect([away ?? Infinity, clone, back ?? -1]).toEqual(
    [away ?? -1, clone, back ?? Infinity].toSorted((a, b) => a - b),
  );
  // Between the two, nothing is found by a path of the host's.
  expect(steps.slice((back ?? 0) + 1).map(({ op }) => op)).toEqual(['chroot', 'close', 'close', 'close', 'close']);
  const made = steps.flatMap((step) => ('out' in step && step.out !== 'mount.1' ? [step.out] : []));
  const closed = steps.flatMap((step) => (step.op === 'close' ? [step.slot] : []));
  expect(closed.toSorted()).toEqual([...made, slotOf(opened)].toSorted());
});

const slotOf = (step: Step | undefined): string => (step?.op === 'open' ? step.out : '');
