import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import { attackWorld, type AttackWorld } from './attack.ts';

let world: AttackWorld;
beforeAll(() => {
  world = attackWorld();
});
afterAll(() => world[Symbol.dispose]());

type Change = (spec: Spec, process: Process) => void;
const MEGABYTE = 1 << 20;
const many = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => item(index));
const linux =
  (more: object): Change =>
  (spec) =>
    void (spec.linux = { ...spec.linux, ...more });

/** Configurations that no kernel would take, or that want more than a plan may hold. */
const EXCESSIVE: Record<string, Change> = {
  'a variable of 200 KB': (_, process) => (process.env = [`A=${'x'.repeat(200_000)}`]),
  'variables of 20 MB': (_, process) => (process.env = many(200, (n) => `A${n}=${'x'.repeat(100_000)}`)),
  'an argument of 17 MB': (_, process) => (process.args = ['true', 'x'.repeat(17 * MEGABYTE)]),
  'a working directory of 1 MB': (_, process) => (process.cwd = `/${'a/'.repeat(MEGABYTE / 2)}`),
  'a name of 300 bytes': (_, process) => (process.cwd = `/${'a'.repeat(300)}`),
  'a host name of 1 MB': (spec) => (spec.hostname = 'h'.repeat(MEGABYTE)),
  '70,000 mounts': (spec) => (spec.mounts = many(70_000, () => ({ destination: '/tmp', type: 'tmpfs' }))),
  '70,000 masked paths': linux({ maskedPaths: many(70_000, (n) => `/tmp/${n}`) }),
  '5,000 devices of a plan with too many slots': (spec) => {
    spec.mounts?.push(...many(1100, (n) => ({ destination: `/tmp/${n}`, type: 'tmpfs', source: 'x' })));
  },
  'an option of 1 MB': (spec) =>
    void spec.mounts?.push({ destination: '/x', type: 'tmpfs', options: [`k=${'v'.repeat(MEGABYTE)}`] }),
  'an option with a key of 1 MB': (spec) =>
    void spec.mounts?.push({ destination: '/x', type: 'tmpfs', options: ['k'.repeat(MEGABYTE)] }),
};

/** Values of the wrong kind, with the field that must be named. */
const WRONG: [string, Change][] = [
  ['process.args[1]', (_, process) => (process.args = ['true', 'a\0b'])],
  ['process.env[0]', (_, process) => (process.env = ['A=\0'])],
  ['process.cwd', (_, process) => (process.cwd = '/a\0/..')],
  ['process.cwd', (_, process) => (process.cwd = '../..')],
  ['hostname', (spec) => (spec.hostname = 'a\0')],
  ['mounts[7].destination', (spec) => void spec.mounts?.push({ destination: '/a\0', type: 'tmpfs' })],
  ['mounts[7].options[0]', (spec) => void spec.mounts?.push({ destination: '/a', type: 'tmpfs', options: ['\0'] })],
  ['linux.maskedPaths[0]', linux({ maskedPaths: ['/\0'] })],
  ['linux.maskedPaths[0]', linux({ maskedPaths: ['etc'] })],
  ['linux.cgroupsPath', linux({ cgroupsPath: '/a\0b' })],
  ['linux.sysctl', linux({ sysctl: { 'net.a': '\0' } })],
  ['linux.sysctl', linux({ sysctl: { 'net.\0': '1' } })],
  ['process.user.uid', (_, process) => (process.user = { uid: -1, gid: 0 })],
  ['process.user.uid', (_, process) => (process.user = { uid: 4294967295, gid: 0 })],
  ['process.user.gid', (_, process) => (process.user = { uid: 0, gid: 1.5 })],
  ['process.user.additionalGids[0]', (_, process) => (process.user = { uid: 0, gid: 0, additionalGids: [2 ** 32] })],
  ['process.oomScoreAdj', (_, process) => (process.oomScoreAdj = -5000)],
  ['process.args', (_, process) => (process.args = [])],
  ['process.args[0]', (_, process) => (process.args = [''])],
  ['process.args', (_, process) => (process.args = 'true' as never)],
  ['root.path', (spec) => (spec.root = { path: 'rootfs\0' })],
  ['linux.devices[0].major', linux({ devices: [{ path: '/dev/x', type: 'c', major: 2 ** 33, minor: 0 }] })],
  ['linux.devices[0].path', linux({ devices: [{ path: 'x\0', type: 'c', major: 1, minor: 3 }] })],
];

function expectRefused(change: Change): string {
  const { status, stdout, stderr } = world.run('echo started', change);
  expect(stdout).toBe('');
  expect(status).not.toBe(0);
  // A sentence, not a stack.
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr.length).toBeGreaterThan(10);
  return stderr;
}

describe('a configuration that is too large is refused and leaves nothing', () => {
  for (const [name, change] of Object.entries(EXCESSIVE)) {
    test(name, () => {
      expectRefused(change);
      expect(world.leftovers()).toEqual([]);
    });
  }

  test('a hundred thousand small variables are passed, or refused in words', () => {
    // Not by a shell: busybox's takes quadratic time for it.
    world.configure(['/bin/env'], (_, process) => (process.env = many(100_000, (n) => `V${n}=${n}`)));
    const { status, stdout, stderr } = world.oci('run', 'variables');
    if (status === 0) expect(stdout.split('\n').length).toBeGreaterThan(100_000);
    else expect(stderr).toContain('E2BIG');
  });
});

test('a value of the wrong kind is refused by its field’s name before anything is made', () => {
  for (const [field, change] of WRONG) expect(expectRefused(change)).toContain(field);
  expect(world.leftovers()).toEqual([]);
});

test('a config.json that is no configuration is refused in words', () => {
  const file = join(world.directory, 'config.json');
  const deep = 200_000;
  const texts = [
    '',
    'null',
    '[]',
    '"x"',
    '{',
    '{"ociVersion":1}',
    `${'['.repeat(deep)}${']'.repeat(deep)}`,
    `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`,
    '{"__proto__":{"process":{"args":["true"],"cwd":"/"}},"ociVersion":"1.0.0","root":{"path":"rootfs"}}',
    '{"constructor":{"prototype":{"x":1}},"ociVersion":"1.0.0"}',
    'x'.repeat(MEGABYTE),
    '\ufeff\0\0',
  ];
  for (const text of texts) {
    writeFileSync(file, text);
    const { status, stdout, stderr } = world.oci('run', 'broken');
    expect({
      text: text.slice(0, 30),
      stdout,
      refused: status !== 0 && !/^\s+at /m.test(stderr) && stderr.length > 10,
    }).toEqual({
      text: text.slice(0, 30),
      stdout: '',
      refused: true,
    });
  }
  expect(world.leftovers()).toEqual([]);
});
