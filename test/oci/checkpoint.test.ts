/**
 * Checkpoint and restore as far as this side of criu goes: a program in its place writes down what it was told, ends or
 * makes a process, and fails. test/v2/checkpoint.test.ts has criu itself.
 */
import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { ociWorld, type OciWorld, type Outcome } from './world.ts';

/** Arguments one a line; `dump` kills, `restore` makes a process that is the container from then on. */
const CRIU = `#!/bin/sh
printf '%s\\n' "$@" > "$0.arguments"
ls -l /proc/$$/fd > "$0.descriptors"
value() { sed -n "s/^--$1=//p" "$0.arguments"; }
[ -e "$0.fails" ] && { echo '(00.1) Error (criu/x.c:1): it will not' > "$(value work-dir)/$(value log-file)"; exit 1; }
case $1 in
dump) grep -qx -e --leave-running "$0.arguments" || kill -9 "$(value tree)" ;;
restore)
  grep -q " $(value root) " /proc/self/mountinfo && ls "$(value root)" > "$0.root"
  [ -e "$0.waits" ] && { echo $$ > "$0.waiting"; exec sleep 20; }
  sleep 1357 <&- >&- 2>&- 3>&- &
  echo $! > "$(value pidfile)" ;;
esac
`;

interface Faked {
  world: OciWorld;
  criu: string;
  /** `sampan oci` with criu's stand-in found first. */
  oci(...args: string[]): Outcome;
  said(name: string): string[];
}

function faked(world: OciWorld): Faked {
  const bin = join(world.directory, 'bin');
  const criu = join(bin, 'criu');
  mkdirSync(bin);
  writeFileSync(criu, CRIU);
  chmodSync(criu, 0o755);
  world.configure(['sleep', '1357']);
  return {
    world,
    criu,
    oci: (...args) => call(world, `${bin}:/usr/bin:/bin`, args),
    said: (name) => readFileSync(`${criu}.${name}`, 'utf8').trimEnd().split('\n'),
  };
}

function call(world: OciWorld, path: string, args: readonly string[]): Outcome {
  const files = ['out', 'err'].map((name) => join(world.directory, name)) as [string, string];
  const fds = files.map((file) => openSync(file, 'w')) as [number, number];
  const command = ['oci', '--root', join(world.directory, 'state'), ...args];
  const { status } = spawnSync(SAMPAN, command, {
    cwd: world.directory,
    env: { PATH: path },
    stdio: ['ignore', ...fds],
  });
  for (const fd of fds) closeSync(fd);
  const [stdout, stderr] = files.map((file) => readFileSync(file, 'utf8')) as [string, string];
  return { status, stdout, stderr };
}

const statusOf = (world: OciWorld): string => (JSON.parse(world.oci('state', 'a').stdout) as { status: string }).status;

test('without criu it is told what is missing, and the container runs on', () => {
  using world = ociWorld();
  world.configure(['sleep', '1357']);
  expect(world.oci('run', '--detach', 'a').status).toBe(0);
  for (const verb of ['checkpoint', 'restore']) {
    const refused = call(world, '/nowhere', [verb, 'a']);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('apt-get install criu') });
  }
  expect(statusOf(world)).toBe('running');
});

test('a checkpoint ends the container unless it is to run on; restore makes it anew, from the same id or another', () => {
  using world = ociWorld();
  const { oci, said } = faked(world);
  expect(world.oci('run', '--detach', 'a').status).toBe(0);
  expect(oci('checkpoint', '--leave-running', '--image-path', 'one', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(statusOf(world)).toBe('running');
  expect(said('arguments')).toContain(`--images-dir=${world.directory}/one`);
  expect(oci('checkpoint', '--work-path', 'w', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(statusOf(world)).toBe('stopped');
  expect(JSON.parse(readFileSync(join(world.directory, 'checkpoint/descriptors.json'), 'utf8'))).toHaveLength(3);

  const pidFile = join(world.directory, 'pid');
  expect(oci('restore', '--detach', '--pid-file', pidFile, 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(statusOf(world)).toBe('running');
  expect((JSON.parse(world.oci('state', 'a').stdout) as { pid: number }).pid).toBe(
    Number(readFileSync(pidFile, 'utf8')),
  );
  // criu found the root mounted, where nobody else sees it, and has no descriptor but the channel.
  expect(said('root')).toContain('bin');
  const given = said('descriptors').filter((line) => / [3-9]\d* -> /.test(line));
  expect(given).toEqual([expect.stringContaining(' 3 -> socket:')]);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(world.directory);
  expect(world.oci('delete', '--force', 'a').status).toBe(0);
  expect(world.leftovers()).toEqual([]);
});

test('what criu refuses is told with its own words, and leaves things as they were', () => {
  using world = ociWorld();
  const { oci, criu } = faked(world);
  expect(world.oci('run', '--detach', 'a').status).toBe(0);
  writeFileSync(`${criu}.fails`, '');
  const failed = oci('checkpoint', 'a');
  expect(failed.status).toBe(1);
  for (const words of ['it will not', 'checkpoint/dump.log']) expect(failed.stderr).toContain(words);
  expect(statusOf(world)).toBe('running');
  const restored = oci('restore', '--detach', '--work-path', 'w', 'b');
  expect(restored).toMatchObject({ status: 1, stderr: expect.stringContaining('exists already') });
  expect(world.oci('delete', '--force', 'a').status).toBe(0);
  const again = oci('restore', '--detach', '--work-path', 'w', 'b');
  expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('it will not') });
  expect(existsSync(join(world.directory, 'w/restore.log'))).toBe(true);
  expect(world.leftovers()).toEqual([]);
});

test('a restore that fails touches no group that was there before, nor who is in it', () => {
  using world = ociWorld();
  const { oci } = faked(world);
  expect(world.oci('run', '--detach', 'a').status).toBe(0);
  expect(oci('checkpoint', '--leave-running', 'a').status).toBe(0);
  const failed = oci('restore', '--detach', 'b');
  expect(failed).toMatchObject({ status: 1, stderr: expect.stringMatching(/control group .* exists already/) });
  expect(statusOf(world)).toBe('running');
  expect(world.oci('state', 'b').stderr).toContain('does not exist');
});

test('a launcher that is killed while criu restores leaves a record, and delete finds what there is', async () => {
  using world = ociWorld();
  const { oci, criu } = faked(world);
  expect(world.oci('run', '--detach', 'a').status).toBe(0);
  expect(oci('checkpoint', 'a').status).toBe(0);
  writeFileSync(`${criu}.waits`, '');
  const bin = join(world.directory, 'bin');
  const restoring = Bun.spawn([SAMPAN, 'oci', '--root', join(world.directory, 'state'), 'restore', '--detach', 'a'], {
    cwd: world.directory,
    env: { PATH: `${bin}:/usr/bin:/bin` },
    stdio: ['ignore', 'ignore', Bun.file(join(world.directory, 'said'))],
  });
  while (!existsSync(`${criu}.waiting`)) await Bun.sleep(5);
  const [launcher = 0] = childrenOf(restoring.pid);
  process.kill(launcher, 'SIGKILL');
  expect(await restoring.exited).toBe(1);
  expect(readFileSync(join(world.directory, 'said'), 'utf8')).toContain('delete --force a');
  // Nor does criu go on without it.
  for (const left = `/proc/${readFileSync(`${criu}.waiting`, 'utf8').trim()}`; existsSync(left);) await Bun.sleep(5);
  expect(world.leftovers()).not.toEqual([]);
  expect(world.oci('delete', '--force', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(world.leftovers()).toEqual([]);
});

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

test('refused: images that are not there, a container that runs, a terminal, a mode that is none', () => {
  using world = ociWorld();
  const { oci } = faked(world);
  expect(oci('restore', '--image-path', 'none', 'a')).toMatchObject({ status: 1 });
  expect(oci('restore', '--image-path', 'none', 'a').stderr).toContain('descriptors.json');
  expect(oci('restore', '--console-socket', '/x', 'a').stderr).toContain('--console-socket');
  expect(oci('checkpoint', 'a').stderr).toContain('does not exist');
  expect(world.oci('run', '--detach', 'a').status).toBe(0);
  expect(oci('checkpoint', '--manage-cgroups-mode', 'some', 'a').stderr).toContain('--manage-cgroups-mode');
  expect(oci('checkpoint', '--leave-running', 'a').status).toBe(0);
  expect(oci('restore', '--detach', 'a').stderr).toContain('exists already');
  expect(world.oci('create', 'c').status).toBe(1);
  expect(statusOf(world)).toBe('running');
});
