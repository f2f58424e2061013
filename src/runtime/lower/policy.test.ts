import { describe, expect, test } from 'bun:test';
import { CLONE } from '#kernel/linux.ts';
import type { Process } from '#runtime/spec/spec.ts';
import { bitsOfList } from './bit-list.ts';
import { lowerContainer } from './container.ts';
import { all, CONTEXT, inOrder, is, one, program, spec } from './lowering.fixture.ts';
import { lowerAffinity, lowerPolicy } from './policy.ts';

const process = (more: Partial<Process>): Process => ({ user: { uid: 0, gid: 0 }, args: ['x'], cwd: '/', ...more });

test('lists become bits in whole words', () => {
  expect([...bitsOfList('0-2, 9', 'f')]).toEqual([7, 2, 0, 0, 0, 0, 0, 0]);
  expect(bitsOfList('64', 'f')).toHaveLength(16);
  for (const list of ['', '1-', '3-1', 'a', '9000']) expect(() => bitsOfList(list, 'f')).toThrow('f: ');
});

describe('policies', () => {
  test('are set before the rights go', () => {
    const given = spec({}, { scheduler: { policy: 'SCHED_BATCH', nice: -5 } }, { personality: { domain: 'LINUX32' } });
    const init = program(lowerContainer(given, CONTEXT).plan, 'init');
    expect(inOrder(init, is('pivot'), is('scheduler'), is('personality'), is('ids'), is('caps'), is('exec'))).toBe(
      true,
    );
    expect(one(init, 'scheduler')).toMatchObject({ policy: 3, nicePlus20: 15 });
    expect(one(init, 'personality').domain).toBe(8);
  });

  test('names become the numbers of the kernel', () => {
    const scheduler = {
      policy: 'SCHED_DEADLINE',
      flags: ['SCHED_FLAG_RECLAIM', 'SCHED_FLAG_RESET_ON_FORK'],
      runtime: 7,
    };
    const ioPriority = { class: 'IOPRIO_CLASS_IDLE' };
    const memoryPolicy = { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES'] };
    const steps = lowerPolicy(process({ scheduler, ioPriority }), { memoryPolicy });
    expect(one(steps, 'scheduler')).toMatchObject({ policy: 6, flags: 3, runtime: 7, nicePlus20: 20 });
    expect(one(steps, 'ioPriority')).toMatchObject({ class: 3, priority: 0 });
    expect(one(steps, 'memoryPolicy')).toMatchObject({ mode: 2, flags: 0x8000 });
    expect(() => lowerPolicy(process({}), { memoryPolicy: { mode: 'MPOL_BIND' } })).toThrow('memoryPolicy.nodes');
    expect(() => lowerPolicy(process({}), { memoryPolicy: { mode: 'MPOL_LOCAL', nodes: '0' } })).toThrow('nodes');
  });

  test('processors are told by when they count', () => {
    const given = process({ execCPUAffinity: { initial: '0', final: '1' } });
    expect(lowerAffinity(given, 'final')).toMatchObject([{ op: 'affinity', origin: 'process.execCPUAffinity.final' }]);
    expect(lowerAffinity(process({}), 'initial')).toEqual([]);
  });
});

test('the clocks of a new time namespace are set before it has a process', () => {
  const namespaces = [{ type: 'mount' as const }, { type: 'uts' as const }, { type: 'time' as const }];
  const timeOffsets = { monotonic: { secs: -3, nanosecs: 5 }, boottime: { secs: 86400 } };
  const { plan } = lowerContainer(spec({}, {}, { namespaces, timeOffsets }), CONTEXT);
  const main = program(plan, 'main');
  expect(inOrder(main, is('unshare'), is('write'), is('clone'))).toBe(true);
  expect(one(main, 'unshare').flags).toBe(CLONE.newtime);
  const written = all(main, 'write').find((step) => step.path === '/proc/self/timens_offsets');
  expect(written?.data).toBe('monotonic -3 5\nboottime 86400 0\n');
});

test('the caller’s groups are kept where the annotation says so', () => {
  const keeps = (annotations: Record<string, string>): number | undefined =>
    one(program(lowerContainer(spec({ annotations }), CONTEXT).plan, 'init'), 'ids').keepGroups;
  expect(keeps({ 'run.oci.keep_original_groups': '1' })).toBe(1);
  expect(keeps({ 'run.oci.keep_original_groups': '0' })).toBe(0);
});
