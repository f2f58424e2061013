/** Devices on the unified hierarchy, where a program of the kernel's own decides; runs in the virtual machine. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { DeviceRule } from '#runtime/spec/spec.ts';
import { type CliWorld, cliWorld } from '#test/cli/world.ts';
import { type Bundle, busyboxBundle } from '#test/v2/bundle.ts';

const [DISK_MAJOR = 0, DISK_MINOR = 0] = readFileSync('/sys/block/vda/dev', 'utf8').trim().split(':').map(Number);
const DENY_ALL: DeviceRule = { allow: false, access: 'rwm' };
const ALLOW_ALL: DeviceRule = { allow: true, access: 'rwm' };

let bundle: Bundle;
let world: CliWorld;
beforeAll(async () => {
  bundle = busyboxBundle();
  // Nodes that the tree brings along: the disk of the machine, and its console.
  execFileSync('mknod', [`${bundle.rootfs}/disk`, 'b', String(DISK_MAJOR), String(DISK_MINOR)]);
  execFileSync('mknod', [`${bundle.rootfs}/console`, 'c', '5', '1']);
  world = await cliWorld();
  expect(await world.sampan('pull', world.image)).toMatchObject({ status: 0 });
}, 120_000);
afterAll(async () => {
  bundle[Symbol.dispose]();
  await world[Symbol.asyncDispose]();
});

/** What can be opened, in letters: `disk r`, `console w`. */
const PROBE = `for name in disk console; do
  (exec 3</$name) 2>/dev/null && echo "$name r"
  (exec 3>>/$name) 2>/dev/null && echo "$name w"
  (exec 3<>/$name) 2>/dev/null && echo "$name rw"
done; exec 3<>/dev/null 4</dev/urandom && echo usual`;

const probe = (id: string, ...devices: DeviceRule[]): string[] => {
  const { status, stdout, stderr } = bundle.run(id, { devices }, PROBE);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim().split('\n');
};

describe('rules', () => {
  test('that deny everything leave the usual devices', () => {
    expect(probe('none', DENY_ALL)).toEqual(['usual']);
  });

  test('that allow a device are for that device and that access', () => {
    const disk: DeviceRule = { allow: true, type: 'b', major: DISK_MAJOR, minor: DISK_MINOR, access: 'r' };
    expect(probe('disk', DENY_ALL, disk)).toEqual(['disk r', 'usual']);
  });

  test('add up, and wildcards take any number', () => {
    const read: DeviceRule = { allow: true, type: 'c', major: 5, access: 'r' };
    const write: DeviceRule = { allow: true, type: 'a', minor: 1, access: 'w' };
    expect(probe('sum', DENY_ALL, read, write)).toEqual(['console r', 'console w', 'console rw', 'usual']);
  });

  test('that deny after everything was allowed take just that away', () => {
    expect(probe('but', ALLOW_ALL, { allow: false, type: 'c', major: 5, minor: 1, access: 'w' })).toEqual([
      'disk r',
      'disk w',
      'disk rw',
      'console r',
      'usual',
    ]);
  });

  test('may be many', () => {
    const many = Array.from({ length: 500 }, (_, at): DeviceRule => {
      return { allow: at % 3 !== 0, type: at % 2 === 0 ? 'c' : 'b', major: 1000 + at, minor: at, access: 'rw' };
    });
    expect(probe('many', DENY_ALL, ...many, { allow: true, type: 'c', major: 5, minor: 1, access: 'r' })).toEqual([
      'console r',
      'usual',
    ]);
  });
});

test('a program that comes later is held to the same rules', async () => {
  expect((await world.sampan('run', '-d', '--name', 'later', world.image, 'sleep', '100')).status).toBe(0);
  const script = `mknod /tmp/disk b ${DISK_MAJOR} ${DISK_MINOR}; head -c 1 /tmp/disk`;
  const { status, stderr } = await world.sampan('exec', 'later', 'sh', '-c', script);
  expect(stderr).toContain('Operation not permitted');
  expect(status).not.toBe(0);
  expect((await world.sampan('rm', '-f', 'later')).status).toBe(0);
});

test('a privileged container has the devices of the host', async () => {
  const script = 'head -c 1 /dev/vda | wc -c; exec 3<>/dev/kmsg && echo kmsg';
  const { stdout, stderr } = await world.sampan('run', '--rm', '--privileged', world.image, 'sh', '-c', script);
  expect({ stdout, stderr }).toEqual({ stdout: '1\nkmsg\n', stderr: '' });
});
