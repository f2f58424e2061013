/** The further ways of an ordinary user's container: terminals, hooks, a control group for exec, ids of root's containers. */
import { expect, test } from 'bun:test';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { userWorld } from './user.ts';

test('a terminal is the user’s, and belongs to root inside', () => {
  using world = userWorld();
  world.configure(['sh', '-c', 'stat -c %u /dev/console; test -t 0 && tty'], (_, process) => {
    process.terminal = true;
  });
  const { status, stdout } = world.as(['script', '-qec', `${SAMPAN} oci run a`, '/dev/null']);
  expect(status).toBe(0);
  expect(stdout.replaceAll('\r', '')).toContain('0\n/dev/');
});

test('hooks run as the user, outside and inside', () => {
  using world = userWorld();
  const hook = join(world.directory, 'hook');
  const log = join(world.directory, 'log');
  writeFileSync(log, '');
  chmodSync(log, 0o666);
  writeFileSync(hook, `#!/bin/sh\necho "$1 $(id -u)" >>${log}\n`);
  chmodSync(hook, 0o755);
  world.configure(['true'], (spec) => {
    const of = (name: string) => [{ path: hook, args: ['hook', name] }];
    spec.hooks = {
      createRuntime: of('createRuntime'),
      createContainer: of('createContainer'),
      poststart: of('poststart'),
      poststop: of('poststop'),
    };
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stderr: '' });
  const { uid } = world.user;
  expect(world.as(['cat', log]).stdout.split('\n')).toEqual([
    `createRuntime ${uid}`,
    'createContainer 0',
    `poststart ${uid}`,
    `poststop ${uid}`,
    '',
  ]);
});

test('groups that are asked for where there can be none are refused', () => {
  using world = userWorld();
  world.configure(['true'], (_, process) => {
    process.user.additionalGids = [0];
  });
  const { status, stderr } = world.oci('run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain('process.user.additionalGids: groups cannot be changed');
});

test('exec takes ids of the range, and a detached one its terminal nowhere', () => {
  using world = userWorld();
  const { uid, gid, ids } = world.user;
  const range = (own: number) => [
    { containerID: 0, hostID: own, size: 1 },
    { containerID: 1, hostID: ids, size: 100 },
  ];
  world.configure(['sleep', '60'], (spec) => {
    spec.linux = { ...spec.linux, uidMappings: range(uid), gidMappings: range(gid) };
  });
  expect(world.oci('run', '--detach', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(world.oci('exec', '-u', '9:10', '-g', '11', 'a', 'sh', '-c', 'id -u; id -g; id -G')).toMatchObject({
    status: 0,
    stdout: '9\n10\n10 11\n',
    stderr: '',
  });
  expect(world.oci('exec', '-u', '5000', 'a', 'id')).toMatchObject({
    status: 255,
    stderr: expect.stringContaining('no mapping'),
  });
  expect(world.oci('kill', '--all', 'a', 'KILL').status).toBe(0);
});

test('a namespace that is joined keeps its own user', () => {
  using world = userWorld();
  world.configure(['sleep', '60']);
  expect(world.oci('run', '--detach', 'a').status).toBe(0);
  const { pid } = JSON.parse(world.oci('state', 'a').stdout) as { pid: number };
  world.configure(['sh', '-c', 'id -u; ls /proc/1/comm; cat /proc/1/comm'], (spec) => {
    spec.linux!.namespaces = [
      { type: 'user', path: `/proc/${pid}/ns/user` },
      { type: 'pid', path: `/proc/${pid}/ns/pid` },
      { type: 'mount' },
      { type: 'uts' },
    ];
    spec.linux!.uidMappings = spec.linux!.gidMappings = [];
  });
  const { status, stdout, stderr } = world.oci('run', 'b');
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '0\n/proc/1/comm\nsleep\n', stderr: '' });
});

test('a plan is not stored where its control groups are found out each time', () => {
  using world = userWorld();
  world.configure(['true']);
  expect(world.oci('compile')).toMatchObject({ status: 1, stderr: expect.stringContaining('asked each time') });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stderr: '' });
});

test('before its start nobody but root looks into a container', () => {
  using world = userWorld();
  world.configure(['sleep', '60']);
  expect(world.oci('create', 'a').status).toBe(0);
  expect(world.oci('exec', 'a', 'id')).toMatchObject({ status: 255, stderr: expect.stringContaining('once it runs') });
  expect(world.oci('start', 'a').status).toBe(0);
  expect(world.oci('exec', 'a', 'id', '-u')).toMatchObject({ status: 0, stdout: '0\n' });
});
