import { describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePlan } from '#kernel/encode.ts';
import type { Step } from '#kernel/plan.ts';
import type { FieldSpec, StepSpec } from '#kernel/step-spec.ts';
import { STEPS } from '#kernel/steps.ts';
import { BUILDS, DIST, Scene, alone } from './harness.ts';

const SAMPLES: Record<string, unknown> = {
  u32: 7,
  u64: 1n << 40n,
  slot: 'one',
  program: 'main',
  str: '/some/path',
  strs: ['first', '', 'third'],
  bytes: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
  u32s: [1000, 2000],
};

/** One step of each kind, every field given. */
function everyStep(): Step[] {
  return Object.entries<StepSpec>(STEPS).map(([op, spec]) => {
    const fields = Object.entries<FieldSpec>(spec.fields).map(([name, type]) => [name, SAMPLES[type.replace('?', '')]]);
    return { op, ...Object.fromEntries(fields) } as Step;
  });
}

const HEADER = 24;
const refusals: [string, (plan: Buffer) => Uint8Array][] = [
  ['an empty file', () => new Uint8Array()],
  ['another magic', (plan) => patched(plan, 0, 0x58)],
  ['a later version', (plan) => patched(plan, 4, 99)],
  ['no program', (plan) => patched(plan, 6, 0)],
  ['a length that is not its own', (plan) => patched(plan, 20, plan.length + 1)],
  ['bytes after its end', (plan) => Buffer.concat([patched(plan, 20, plan.length + 1), Buffer.alloc(1)])],
  ['a step of an unknown code', (plan) => patched(plan, HEADER + 4, 255)],
  ['an unknown way to take errors', (plan) => patched(plan, HEADER + 6, 9)],
  ['a step of another role', () => encodePlan(alone({ op: 'monitor', dir: '/', plan: '/' }))],
  ['slots to inherit that nobody handed over', () => encodePlan({ ...alone({ op: 'setsid' }), inherited: ['a'] })],
];

function patched(plan: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(plan);
  copy[at] = value;
  return copy;
}

test('The decoder takes every step, and no cut or corrupt plan makes it read out of bounds', () => {
  using scene = new Scene(BUILDS[0]!);
  const plan = join(scene.dir, 'plan');
  writeFileSync(plan, encodePlan(alone(...everyStep())));
  const ended = spawnSync(join(DIST, 'launcher-build/decode-check'), [plan], { encoding: 'utf8' });
  expect({ status: ended.status, stderr: ended.stderr }).toEqual({ status: 0, stderr: '' });
  expect(Number(ended.stdout)).toBeGreaterThan(10_000);
}, 60_000);

describe.each(BUILDS)('%s', (binary) => {
  test.each(refusals)('refuses %s with status 124 before any step', async (_, change) => {
    using scene = new Scene(binary);
    const plan = Buffer.from(encodePlan(alone({ op: 'mkdir', path: join(scene.dir, 'made'), mode: 0o755 })));
    const outcome = await scene.run(change(plan));
    expect(outcome.code).toBe(124);
    expect(outcome.records.map((record) => [record.kind, record.step])).toEqual([['fail', undefined]]);
    expect(scene.has('made')).toBe(false);
    expect(outcome.stderr).toBe('');
  });

  test.each([
    [[]],
    [['launch']],
    [['launch', '3']],
    [['launch', '3', 'x']],
    [['launch', '3', '3']],
    [['launch', '77', '78']],
    [['launch', '0', '1']],
    [['dance']],
  ])('refuses the command line %j', (args) => {
    const ended = spawnSync(binary, args, { stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'ignore'] });
    expect(ended.status).toBe(124);
  });
});
