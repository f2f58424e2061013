import { describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostFacts } from '#kernel/host-facts.ts';
import { readResctrl } from '#kernel/resctrl.ts';
import type { IntelRdt } from '#runtime/spec/spec.ts';
import { lowerContainer } from './container.ts';
import { lowerRdt, lowerRdtUpdate, rdtGroups, rdtLeftovers } from './intel-rdt.ts';
import { CONTEXT, inOrder, is, program, spec } from './lowering.fixture.ts';

const host = {
  resctrl: { path: '/r', groups: { '/': 'L3:0=fff\n', gold: '    L3:0=0f0;1=fff\n    MB:0= 50;1=100\n', box9: '' } },
} satisfies Pick<HostFacts, 'resctrl'>;

const lower = (intelRdt: IntelRdt, id = 'box') => lowerRdt({ intelRdt }, id, host);
const paths = (steps: readonly object[]): unknown[] => steps.map((step) => 'path' in step && step.path);

describe('a group', () => {
  test('of the container’s own is made with its schemata, each older field for its own resource', () => {
    const { open, join: joined } = lower({
      l3CacheSchema: 'L3:0=ff\nMB:0=99',
      memBwSchema: 'MB:0=20\nL3:0=1',
      schemata: ['L2:0=3'],
      enableMonitoring: true,
    });
    expect(open).toMatchObject([
      { op: 'mkdir', path: '/r/box' },
      { op: 'write', path: '/r/box/schemata', data: 'L3:0=ff\nMB:0=20\nL2:0=3\n', origin: 'linux.intelRdt' },
      { op: 'mkdir', path: '/r/box/mon_groups/box' },
      { op: 'open', path: '/r/box/tasks' },
      { op: 'open', path: '/r/box/mon_groups/box/tasks' },
    ]);
    expect(joined.map(({ op }) => op)).toEqual(['writeSlot', 'close', 'writeSlot', 'close']);
  });

  test('that is there is joined as it is, and goes on being there', () => {
    expect(paths(lower({ closID: 'gold' }).open)).toEqual(['/r/gold/tasks']);
    expect(paths(lower({ closID: 'gold', schemata: ['L3:1=fff;0=f0', 'MB:0=50'] }).open)).toEqual(['/r/gold/tasks']);
    expect(paths(lower({ closID: '/' }).open)).toEqual(['/r/tasks']);
    expect(rdtLeftovers({ intelRdt: { closID: 'gold' } }, 'box', host)).toEqual([]);
  });

  test('is removed when it was made for the container alone, and its monitor always, from the inside out', () => {
    const all = { schemata: ['MB:0=10'], enableMonitoring: true };
    expect(rdtLeftovers({ intelRdt: all }, 'box', host)).toEqual(['/r/box/mon_groups/box', '/r/box']);
    expect(rdtLeftovers({ intelRdt: { ...all, closID: 'gold' } }, 'box', host)).toEqual(['/r/gold/mon_groups/box']);
    expect(rdtLeftovers({ intelRdt: {} }, 'box', host)).toEqual([]);
  });

  test('is where the counters are', () => {
    const watched = { closID: 'gold', enableMonitoring: true };
    expect(rdtGroups({ intelRdt: watched }, 'box', host)).toEqual({
      group: '/r/gold',
      monitored: '/r/gold/mon_groups/box',
    });
    expect(rdtGroups({ intelRdt: {} }, 'box', host)).toBeUndefined();
  });

  test('is changed by an update', () => {
    const changed = { closID: 'gold', memBwSchema: 'MB:0=30' };
    expect(lowerRdtUpdate(changed, 'box', host)).toMatchObject([{ path: '/r/gold/schemata', data: 'MB:0=30\n' }]);
  });
});

test('refused: another’s group, other schemata, a group that is nowhere, a machine without it', () => {
  const field = (name: string) => expect.objectContaining({ field: name });
  expect(() => lower({ schemata: ['MB:0=10'] }, 'box9')).toThrow(field('linux.intelRdt'));
  expect(() => lower({ closID: 'gold', schemata: ['L3:0=fff'] })).toThrow(field('linux.intelRdt'));
  expect(() => lower({ closID: 'silver' })).toThrow(field('linux.intelRdt.closID'));
  expect(() => lowerRdt({ intelRdt: { closID: 'gold' } }, 'box', { resctrl: undefined })).toThrow(
    expect.objectContaining({ kind: 'unsupported', field: 'linux.intelRdt' }),
  );
  expect(lowerRdt({ intelRdt: {} }, 'box', { resctrl: undefined })).toEqual({ open: [], join: [] });
});

test('init joins by itself before it does anything else, with what was opened on the host', () => {
  const facts = { ...CONTEXT.facts, ...host };
  const { plan } = lowerContainer(spec({}, {}, { intelRdt: { closID: 'gold' } }), { ...CONTEXT, facts });
  const isTasks = (step: object): boolean => 'path' in step && step.path === '/r/gold/tasks';
  expect(inOrder(program(plan, 'main'), isTasks, is('clone'))).toBe(true);
  const isJoin = (step: object): boolean => 'slot' in step && step.slot === 'rdt.0';
  expect(inOrder(program(plan, 'init'), isJoin, is('tree'), is('pivot'))).toBe(true);
});

test('the machine’s groups are read where the file system is mounted', () => {
  const path = mkdtempSync(join(tmpdir(), 'sampan-rdt-'));
  try {
    for (const name of ['gold', 'info', 'mon_groups']) mkdirSync(join(path, name));
    writeFileSync(join(path, 'schemata'), 'L3:0=fff\n');
    writeFileSync(join(path, 'gold/schemata'), 'L3:0=f\n');
    const line = `40 22 0:30 / ${path} rw,relatime - resctrl resctrl rw\n`;
    expect(readResctrl(line)).toEqual({ path, groups: { '/': 'L3:0=fff\n', gold: 'L3:0=f\n' } });
    expect(readResctrl('21 1 8:1 / / rw - ext4 /dev/vda rw\n')).toBeUndefined();
  } finally {
    rmSync(path, { recursive: true });
  }
});
