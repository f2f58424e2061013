/** What is done to a container that runs: pause, ps, update, events; and what works on many at once. */
import { expect, test } from 'bun:test';
import { existsSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Linux, Spec } from '#runtime/spec/spec.ts';
import { ociWorld, type OciWorld } from './world.ts';

const GROUPS = '/sys/fs/cgroup';
const MIB = 2 ** 20;
const isV1 = existsSync(`${GROUPS}/memory`);

const group = (world: OciWorld, controller: string): string =>
  `${GROUPS}/${controller}/sampan-test-oci-${world.directory.slice(-6)}`;
const file = (world: OciWorld, controller: string, name: string): string =>
  readFileSync(join(group(world, controller), name), 'utf8').trim();
const status = (world: OciWorld, id = 'a'): string =>
  (JSON.parse(world.oci('state', id).stdout) as { status: string }).status;
const stored = (world: OciWorld): Linux =>
  (JSON.parse(readFileSync(join(world.directory, 'state/a/config.json'), 'utf8')) as Spec).linux as Linux;

async function until(what: () => boolean): Promise<void> {
  for (let round = 0; round < 200; round++) {
    if (what()) return;
    await Bun.sleep(20);
  }
  throw new Error(`gave up waiting for ${what.toString()}`);
}

function running(args: readonly string[], change: (spec: Spec) => void = () => {}): OciWorld {
  const world = ociWorld();
  world.configure(args, change);
  const { status: code, stderr } = world.oci('run', '--detach', 'a');
  if (code !== 0) throw new Error(stderr);
  return world;
}

test('a paused container stands still, and says so, until it is resumed', async () => {
  using world = running(['sh', '-c', 'while :; do echo >>/dev/shm/ticks; sleep 0.01; done']);
  const ticks = (): number => Number(world.oci('exec', 'a', 'sh', '-c', 'wc -l </dev/shm/ticks').stdout);
  expect(ticks()).toBeGreaterThan(0);
  expect(world.oci('resume', 'a')).toMatchObject({ status: 1, stderr: 'container not paused\n' });
  expect(world.oci('pause', 'a')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(status(world)).toBe('paused');
  expect(world.oci('list').stdout).toMatch(/^a +\d+ +paused /m);
  expect(world.oci('exec', 'a', 'true')).toMatchObject({
    status: 255,
    stderr: expect.stringContaining('cannot exec in a paused container'),
  });
  expect(world.oci('delete', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining('not stopped: paused') });
  expect(world.oci('pause', 'a').status).toBe(1);
  // A signal for all does not let it go.
  expect(world.oci('kill', '--all', 'a', 'USR1').status).toBe(0);
  expect(status(world)).toBe('paused');
  expect(world.oci('kill', 'a', 'KILL').status).toBe(0);
  await until(() => status(world) === 'stopped');
  expect(world.oci('pause', 'a')).toMatchObject({ status: 1, stderr: 'container not running\n' });
  expect(world.oci('delete', 'a').status).toBe(0);
  expect(world.leftovers()).toEqual([]);
});

test('resume lets it run, exec waits for it when asked to, and a paused one is deleted with --force', async () => {
  using world = running(['sleep', '60']);
  expect(world.oci('pause', 'a').status).toBe(0);
  const waiting = world.spawn('exec', '--ignore-paused', 'a', 'sh', '-c', 'exit 7');
  await Bun.sleep(300);
  expect(waiting.exitCode).toBeNull();
  expect(world.oci('resume', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(await waiting.exited).toBe(7);
  expect(status(world)).toBe('running');
  expect(world.oci('pause', 'a').status).toBe(0);
  expect(world.oci('delete', '--force', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(world.leftovers()).toEqual([]);
});

test('ps lists what is in the container, by its numbers on the host', async () => {
  using world = running(['sh', '-c', 'sleep 61 & exec sleep 60']);
  const commands = (): string[] => {
    const pids = JSON.parse(world.oci('ps', '-f', 'json', 'a').stdout) as number[];
    return pids.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()).toSorted();
  };
  // Both are a shell at first.
  while (commands().some((command) => command.startsWith('sh'))) await Bun.sleep(5);
  expect(commands()).toEqual(['sleep 60', 'sleep 61']);
  const rows = world.oci('ps', 'a').stdout.trimEnd().split('\n');
  expect(rows[0]).toMatch(/^UID +PID +PPID /);
  expect(rows).toHaveLength(3);
  expect(world.oci('ps', 'a', '-o', 'pid,args').stdout).toMatch(
    /^ *PID COMMAND\n *\d+ sleep 6[01]\n *\d+ sleep 6[01]\n$/,
  );
  expect(world.oci('ps', 'a', '-o', 'args').stderr).toContain("couldn't find PID field");
  expect(world.oci('ps', '--format', 'xml', 'a').status).toBe(1);
  expect(world.oci('ps', 'b')).toMatchObject({ status: 1, stderr: 'container does not exist: b\n' });
});

test.skipIf(!isV1)('update changes the limits, the stored ones too, and what it does not name stays', () => {
  using world = running(['sleep', '60'], (spec) => {
    const resources = (spec.linux as Linux).resources ?? {};
    resources.memory = { limit: 64 * MIB, swap: 80 * MIB };
    resources.cpu = { period: 50_000, quota: 25_000 };
  });
  // Memory above what memory and swap may be now: the order of the two writes counts.
  expect(world.oci('update', '--memory', '100M', '--memory-swap', '200M', '--pids-limit', '30', 'a')).toEqual({
    status: 0,
    stdout: '',
    stderr: '',
  });
  expect(file(world, 'memory', 'memory.limit_in_bytes')).toBe(String(100 * MIB));
  expect(file(world, 'memory', 'memory.memsw.limit_in_bytes')).toBe(String(200 * MIB));
  expect(file(world, 'pids', 'pids.max')).toBe('30');
  expect(world.oci('update', '--memory=32M', '--memory-swap=32M', 'a').status).toBe(0);
  expect(world.oci('update', '--cpu-quota', '10000', '--cpu-share', '512', 'a').status).toBe(0);
  expect(file(world, 'cpu', 'cpu.cfs_quota_us')).toBe('10000');
  expect(file(world, 'cpu', 'cpu.cfs_period_us')).toBe('50000');
  expect(world.oci('update', '--memory', '-1', '--pids-limit', '-1', '--kernel-memory', '1', 'a')).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('--kernel-memory has no effect'),
  });
  expect(file(world, 'pids', 'pids.max')).toBe('max');
  expect(stored(world).resources).toMatchObject({
    memory: { limit: -1, swap: -1 },
    cpu: { period: 50_000, quota: 10_000, shares: 512 },
    pids: { limit: -1 },
  });
});

test.skipIf(!isV1)('resources come from a file as well, without its device rules', () => {
  using world = running(['sleep', '60']);
  const path = join(world.directory, 'resources.json');
  writeFileSync(path, JSON.stringify({ devices: [{ allow: true }], memory: { limit: 40 * MIB }, cpu: null }));
  const before = stored(world).resources?.devices;
  expect(world.oci('update', '-r', path, 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(file(world, 'memory', 'memory.limit_in_bytes')).toBe(String(40 * MIB));
  expect(stored(world).resources?.devices).toEqual(before as never);
  writeFileSync(path, '{');
  expect(world.oci('update', '-r', path, 'a').status).toBe(1);
});

test.skipIf(!isV1)('an update that fails in the middle has changed nothing', () => {
  using world = running(['sleep', '60'], (spec) => ((spec.linux as Linux).resources!.memory = { limit: 64 * MIB }));
  const before = stored(world).resources;
  const failed = world.oci('update', '--memory', '80M', '--cpu-period', '10', 'a');
  expect(failed.status).toBe(1);
  expect(failed.stderr).toMatch(/linux\.resources\.cpu\.period.*EINVAL/);
  expect(file(world, 'memory', 'memory.limit_in_bytes')).toBe(String(64 * MIB));
  expect(stored(world).resources).toEqual(before as never);
  expect(world.oci('update', '--memory', 'lots', 'a')).toMatchObject({ status: 1 });
  expect(world.oci('update', '--l3-cache-schema', 'L3:0=f', 'a').stderr).toContain(
    'linux.intelRdt: the container was made without it',
  );
  expect(world.oci('kill', 'a', 'KILL').status).toBe(0);
});

test('events tell the counters in the form of runc, and a kill for want of memory', async () => {
  using world = running(
    ['sh', '-c', 'while [ ! -e /dev/shm/go ]; do sleep 0.05; done; tail -c 200m /dev/zero'],
    (spec) => {
      (spec.linux as Linux).resources!.memory = { limit: 24 * MIB, swap: 24 * MIB };
    },
  );
  const { data, ...head } = JSON.parse(world.oci('events', '--stats', 'a').stdout) as {
    data: Record<string, Record<string, never>>;
  };
  expect(head as object).toEqual({ type: 'stats', id: 'a' });
  expect(data).toMatchObject({
    cpu: { usage: { total: expect.any(Number) }, throttling: {} },
    memory: { usage: { limit: 24 * MIB, usage: expect.any(Number) }, raw: { pgfault: expect.any(Number) } },
    pids: { current: expect.any(Number) },
    network_interfaces: null,
  });
  const out = join(world.directory, 'spawned');
  const events = world.spawn('events', '--interval', '300ms', 'a');
  await Bun.sleep(500);
  expect(world.oci('exec', 'a', 'touch', '/dev/shm/go').status).toBe(0);
  expect(await events.exited).toBe(0);
  const types = readFileSync(out, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: string }).type);
  expect(types).toContain('stats');
  expect(types).toContain('oom');
  expect(world.oci('events', '--interval', '0s', 'a').status).toBe(1);
  expect(world.oci('events', '--stats', 'a')).toMatchObject({ status: 1, stderr: 'container not running\n' });
});

test('kill and delete take a regular expression for the ids', async () => {
  using world = ociWorld();
  for (const id of ['web-1', 'web-2', 'db-1']) {
    world.configure(['sleep', '60'], (spec) => {
      (spec.linux as Linux).cgroupsPath = `/sampan-test-oci-${world.directory.slice(-6)}/${id}`;
    });
    expect(world.oci('run', '--detach', id).status).toBe(0);
  }
  expect(world.oci('kill', '--regex', '^web-', 'KILL')).toMatchObject({ status: 0, stderr: '' });
  await until(() => status(world, 'web-1') === 'stopped' && status(world, 'web-2') === 'stopped');
  expect(status(world, 'db-1')).toBe('running');
  expect(world.oci('delete', '--regex', 'b-1$')).toMatchObject({ status: 1, stderr: expect.stringContaining('db-1') });
  expect(world.oci('list', '-q').stdout).toBe('db-1\nweb-2\n');
  expect(world.oci('delete', '--regex', '(').status).toBe(1);
  expect(world.oci('delete', '--force', '--regex', '.').status).toBe(0);
  expect(world.oci('list', '-q').stdout).toBe('');
  for (const parent of world.leftovers()) rmdirSync(parent);
});

test('a container that is paused before its start is not started', () => {
  using world = ociWorld();
  world.configure(['true']);
  expect(world.oci('create', 'a').status).toBe(0);
  expect(world.oci('pause', 'a').status).toBe(0);
  expect(world.oci('start', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining('status paused') });
  expect(world.oci('resume', 'a').status).toBe(0);
  expect(status(world)).toBe('created');
  expect(world.oci('start', 'a').status).toBe(0);
  expect(world.oci('delete', '--force', 'a').status).toBe(0);
});

test.skipIf(!isV1)('an update that is killed at any moment leaves a container that can be used', async () => {
  using world = running(['sleep', '60'], (spec) => ((spec.linux as Linux).resources!.memory = { limit: 64 * MIB }));
  for (let round = 0; round < 12; round++) {
    const limit = (round % 2 === 0 ? 96 : 64) * MIB;
    const update = world.spawn('update', '--memory', String(limit), '--pids-limit', String(20 + round), 'a');
    await Bun.sleep(round);
    update.kill('SIGKILL');
    await update.exited;
    expect([64 * MIB, 96 * MIB]).toContain(stored(world).resources?.memory?.limit as number);
    expect([64 * MIB, 96 * MIB].map(String)).toContain(file(world, 'memory', 'memory.limit_in_bytes'));
  }
  expect(world.oci('update', '--memory', '80M', 'a').status).toBe(0);
  expect(file(world, 'memory', 'memory.limit_in_bytes')).toBe(String(80 * MIB));
  expect(stored(world).resources?.memory?.limit).toBe(80 * MIB);
  expect(world.oci('delete', '--force', 'a').status).toBe(0);
  expect(world.leftovers()).toEqual([]);
});

test('a pause that is killed at any moment can be taken back', async () => {
  using world = running(['sleep', '60']);
  for (let round = 0; round < 8; round++) {
    const pause = world.spawn('pause', 'a');
    await Bun.sleep(round);
    pause.kill('SIGKILL');
    await pause.exited;
    if (status(world) === 'paused') expect(world.oci('resume', 'a').status).toBe(0);
    expect(status(world)).toBe('running');
  }
  expect(world.oci('exec', 'a', 'true').status).toBe(0);
});
