/** The life of a container by the verbs of the OCI runtime specification. */
import { expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Linux } from '#runtime/spec/spec.ts';
import { ociWorld, type OciWorld } from './world.ts';

const status = (world: OciWorld, id: string): string =>
  (JSON.parse(world.oci('state', id).stdout) as { status: string }).status;

const NO_SEARCH: NonNullable<Linux['seccomp']> = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [
    { names: ['access', 'faccessat', 'faccessat2', 'stat', 'newfstatat', 'statx'], action: 'SCMP_ACT_KILL_PROCESS' },
  ],
};

async function until(what: () => boolean): Promise<void> {
  for (let round = 0; round < 200; round++) {
    if (what()) return;
    await Bun.sleep(20);
  }
  throw new Error(`gave up waiting for ${what.toString()}`);
}

test('create, start, state, kill, delete', async () => {
  using world = ociWorld();
  world.configure(['sleep', '60']);
  const pidFile = join(world.directory, 'pid');
  expect(world.oci('create', '--pid-file', pidFile, 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(status(world, 'a')).toBe('created');
  expect(readFileSync(pidFile, 'utf8')).toMatch(/^\d+$/);
  expect(readFileSync(`/proc/${readFileSync(pidFile, 'utf8')}/comm`, 'utf8')).not.toBe('sleep\n');
  expect(world.oci('start', 'a').status).toBe(0);
  expect(status(world, 'a')).toBe('running');
  expect(readFileSync(`/proc/${readFileSync(pidFile, 'utf8').trim()}/comm`, 'utf8')).toBe('sleep\n');
  expect(world.oci('start', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining('status running') });
  expect(world.oci('create', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining('exists already: a') });
  expect(world.oci('delete', 'a')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('not stopped: running'),
  });
  expect(world.oci('list', '-q').stdout).toBe('a\n');
  expect(world.oci('kill', 'a', 'KILL').status).toBe(0);
  await until(() => status(world, 'a') === 'stopped');
  expect(world.oci('kill', 'a', 'KILL')).toMatchObject({ status: 1, stderr: 'container not running\n' });
  expect(world.oci('delete', 'a').status).toBe(0);
  expect(world.oci('state', 'a')).toMatchObject({ status: 1, stderr: 'container does not exist: a\n' });
  expect(world.leftovers()).toEqual([]);
});

test('run ends with the status of the program, or 128 and its signal, and leaves nothing', () => {
  using world = ociWorld();
  world.configure(['sh', '-c', 'echo out; echo err >&2; exit 42']);
  expect(world.oci('run', 'a')).toEqual({ status: 42, stdout: 'out\n', stderr: 'err\n' });
  world.configure(['sh', '-c', '(sleep 60 &); exec /bin/sh -c "exit 3"']);
  expect(world.oci('run', 'a').status).toBe(3);
  expect(world.leftovers()).toEqual([]);
});

test('a container without a pid namespace of its own takes its whole group along', () => {
  using world = ociWorld();
  world.configure(['sh', '-c', 'sleep 60 >/dev/null 2>&1 & exit 4'], (spec) => {
    spec.linux!.namespaces = spec.linux!.namespaces!.filter((entry) => entry.type !== 'pid');
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 4, stderr: '' });
  expect(world.leftovers()).toEqual([]);
});

test('exec joins the container, with its own user, place and status', () => {
  using world = ociWorld();
  world.configure(['sleep', '60']);
  expect(world.oci('run', '--detach', 'a').status).toBe(0);
  expect(world.oci('exec', 'a', 'sh', '-c', 'echo $$; exit 5')).toMatchObject({ status: 5 });
  expect(world.oci('exec', '-u', '7:8', '--cwd', '/tmp', '-e', 'X=1', 'a', 'sh', '-c', 'id; pwd; echo $X').stdout).toBe(
    'uid=7 gid=8\n/tmp\n1\n',
  );
  expect(world.oci('exec', 'a', 'hostname').stdout).toBe('sampan\n');
  expect(world.oci('exec', 'a', 'grep', 'CapEff', '/proc/self/status').stdout).toContain('0000000020000420');
  expect(world.oci('exec', 'a', 'nosuch')).toMatchObject({ status: 255, stderr: expect.stringContaining('"nosuch"') });
  expect(world.oci('exec', '-d', 'a', 'nosuch').status).toBe(255);
  expect(world.oci('exec', '-u', '7x', 'a', 'id').status).toBe(255);
  expect(world.oci('delete', '--force', 'a').status).toBe(0);
  expect(world.oci('exec', 'a', 'id').status).toBe(255);
  expect(world.leftovers()).toEqual([]);
});

test('a program that cannot be executed fails create, in the words that engines look for, and leaves nothing', () => {
  using world = ociWorld();
  const cases: [string, string][] = [
    ['nosuch', 'exec "nosuch": executable file not found in'],
    ['/nosuch', 'no such file or directory'],
    ['bin/nosuch', 'no such file or directory'],
    ['/etc/passwd', 'permission denied'],
    ['/bin', 'permission denied'],
  ];
  for (const [program, words] of cases) {
    world.configure([program]);
    expect(world.oci('create', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining(words) });
    expect(world.oci('run', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining(words) });
  }
  expect(world.leftovers()).toEqual([]);
});

test('what only the user of the program may not execute fails create, unless a filter is in force by then', () => {
  using world = ociWorld();
  for (const noNewPrivileges of [true, false]) {
    world.configure(['/bin/own'], (spec, process) => {
      process.user = { uid: 7, gid: 7 };
      process.noNewPrivileges = noNewPrivileges;
      spec.linux!.seccomp = NO_SEARCH;
    });
    writeFileSync(join(world.rootfs, 'bin/own'), '#!/bin/sh\n', { mode: 0o700 });
    const created = world.oci('create', 'a');
    if (noNewPrivileges)
      expect(created).toMatchObject({ status: 1, stderr: expect.stringContaining('permission denied') });
    else {
      expect(created.status).toBe(0);
      expect(world.oci('start', 'a')).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('permission denied'),
      });
      expect(world.oci('delete', '-f', 'a').status).toBe(0);
    }
  }
  expect(world.leftovers()).toEqual([]);
});

test('a filter that denies every search does not hinder create', () => {
  using world = ociWorld();
  world.configure(['true'], (spec, process) => {
    process.noNewPrivileges = false;
    spec.linux!.seccomp = NO_SEARCH;
  });
  expect(world.oci('create', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(world.oci('start', 'a').status).toBe(0);
  expect(world.oci('delete', '-f', 'a').status).toBe(0);
  expect(world.leftovers()).toEqual([]);
});

test('a start that fails says why, and the container can be deleted', () => {
  using world = ociWorld();
  world.configure(['/bin/script']);
  writeFileSync(join(world.rootfs, 'bin/script'), '#!/nosuch\n', { mode: 0o755 });
  expect(world.oci('create', 'a').status).toBe(0);
  const failed = { status: 1, stderr: expect.stringContaining('/nosuch') };
  expect(world.oci('start', 'a')).toMatchObject(failed);
  expect(world.oci('delete', '-f', 'a').status).toBe(0);
  expect(world.oci('run', 'a')).toMatchObject(failed);
  expect(world.leftovers()).toEqual([]);
});

test('a create that was killed half-way is deleted with --force', () => {
  using world = ociWorld();
  world.configure(['sleep', '60']);
  expect(world.oci('create', 'a').status).toBe(0);
  const files = join(world.directory, 'state', 'a');
  rmSync(join(files, 'pid'));
  expect(status(world, 'a')).toBe('creating');
  expect(world.oci('delete', '--force', 'a').status).toBe(0);
  expect(world.leftovers()).toEqual([]);
});

test('errors go to a log that callers can read back', () => {
  using world = ociWorld();
  const log = join(world.directory, 'log.json');
  writeFileSync(join(world.directory, 'config.json'), '{"ociVersion":"1.0.2","root":{"path":"rootfs"}}');
  expect(world.oci('--log', log, '--log-format', 'json', 'create', 'a').status).toBe(1);
  expect(JSON.parse(readFileSync(log, 'utf8'))).toMatchObject({ level: 'error', msg: 'process is missing' });
  expect(existsSync(join(world.directory, 'state'))).toBe(false);
});
