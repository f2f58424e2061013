/** Checkpoint and restore with Debian's criu, which works on Debian's kernel; runs in the virtual machine (make test-v2). */
import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { busyboxBundle, type Bundle } from './bundle.ts';

interface Config {
  process: { terminal: boolean; args: string[] };
  linux: { namespaces: { type: string }[]; cgroupsPath?: string; resources: object };
}

/** criu 3.17 cannot write down a network namespace of this kernel, so the container has none. */
function counting(bundle: Bundle, script: string): { oci(...args: string[]): { status: number | null; said: string } } {
  const directory = join(bundle.rootfs, '..');
  const file = join(directory, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as Config;
  config.process = { ...config.process, terminal: false, args: ['sh', '-c', script] };
  config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'network');
  config.linux.cgroupsPath = '/sampan-test-v2/criu';
  config.linux.resources = { ...config.linux.resources, pids: { limit: 33 } };
  writeFileSync(file, JSON.stringify(config));
  const said = join(directory, 'said');
  return {
    oci: (...args) => {
      const command = ['oci', '--root', join(directory, 'state'), '--log', said, ...args];
      const { status } = spawnSync(SAMPAN, command, { cwd: directory, stdio: 'ignore', timeout: 60_000 });
      return { status, said: readFileSync(said, { encoding: 'utf8', flag: 'a+' }) };
    },
  };
}

const pidOf = (bundle: Bundle): number => (JSON.parse(bundle.oci('state', 'a').stdout) as { pid: number }).pid;
const statusOf = (bundle: Bundle): string => (JSON.parse(bundle.oci('state', 'a').stdout) as { status: string }).status;

test('a container goes on where it was: its memory, its files in memory, its limits', async () => {
  using bundle = busyboxBundle();
  const { oci } = counting(
    bundle,
    'n=0; while :; do n=$((n+1)); echo $n > /dev/shm/new; mv /dev/shm/new /dev/shm/n; sleep 0.05; done',
  );
  const count = (): number => Number(readFileSync(`/proc/${pidOf(bundle)}/root/dev/shm/n`, 'utf8'));
  expect(oci('run', '--detach', 'a')).toEqual({ status: 0, said: '' });
  await Bun.sleep(1500);
  const before = count();
  expect(oci('checkpoint', 'a')).toEqual({ status: 0, said: '' });
  expect(statusOf(bundle)).toBe('stopped');
  expect(oci('restore', '--detach', 'a')).toEqual({ status: 0, said: '' });
  expect(statusOf(bundle)).toBe('running');
  await Bun.sleep(500);
  const after = count();
  expect(after).toBeGreaterThan(before);
  expect(after).toBeLessThan(before + 100);
  expect(readFileSync(`/proc/${pidOf(bundle)}/cgroup`, 'utf8')).toContain('/sampan-test-v2/criu');
  expect(readFileSync('/sys/fs/cgroup/sampan-test-v2/criu/pids.max', 'utf8').trim()).toBe('33');
  expect(bundle.oci('exec', 'a', 'cat', '/proc/1/comm')).toMatchObject({ status: 0, stdout: 'sh\n' });
  expect(bundle.oci('delete', '--force', 'a').status).toBe(0);
}, 120_000);

test('one that was left running runs on; one that is restored in the foreground ends with its status', async () => {
  using bundle = busyboxBundle();
  const { oci } = counting(bundle, 'while [ ! -e /dev/shm/go ]; do sleep 0.05; done; exit 7');
  expect(oci('run', '--detach', 'a')).toEqual({ status: 0, said: '' });
  expect(oci('checkpoint', '--leave-running', 'a')).toEqual({ status: 0, said: '' });
  expect(statusOf(bundle)).toBe('running');
  expect(oci('kill', 'a', 'KILL').status).toBe(0);
  for (let round = 0; round < 100 && statusOf(bundle) !== 'stopped'; round++) await Bun.sleep(20);
  const command = ['oci', '--root', join(bundle.rootfs, '../state'), 'restore', 'a'];
  const restored = Bun.spawn([SAMPAN, ...command], {
    cwd: join(bundle.rootfs, '..'),
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  for (let round = 0; round < 500 && bundle.oci('exec', 'a', 'touch', '/dev/shm/go').status !== 0; round++) {
    await Bun.sleep(20);
  }
  expect(await restored.exited).toBe(7);
  expect(bundle.oci('state', 'a').status).toBe(1);
}, 120_000);

test('a checkpoint on top of an earlier one of its memory, restored under another id', () => {
  using bundle = busyboxBundle();
  const { oci } = counting(bundle, 'while :; do sleep 0.05; done');
  expect(oci('run', '--detach', 'a')).toEqual({ status: 0, said: '' });
  expect(oci('checkpoint', '--pre-dump', '--image-path', 'first', 'a')).toEqual({ status: 0, said: '' });
  expect(statusOf(bundle)).toBe('running');
  expect(oci('checkpoint', '--image-path', 'second', '--parent-path', '../first', 'a')).toEqual({
    status: 0,
    said: '',
  });
  expect(oci('delete', 'a')).toEqual({ status: 0, said: '' });
  expect(oci('restore', '--detach', '--image-path', 'second', 'b')).toEqual({ status: 0, said: '' });
  expect(bundle.oci('exec', 'b', 'cat', '/proc/1/comm')).toMatchObject({ status: 0, stdout: 'sh\n' });
  expect(bundle.oci('delete', '--force', 'b').status).toBe(0);
}, 120_000);
