/** Scopes of a real systemd; runs in the virtual machine that it boots (make test-v2). */
import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IS_V1, property, scopeWorld, type ScopeWorld } from './world.ts';

const CGROUPS = '/sys/fs/cgroup';
const pidOf = (world: ScopeWorld, id: string): number =>
  (JSON.parse(world.oci('state', id).stdout) as { pid: number }).pid;

test.skipIf(IS_V1)(
  'the container is in a scope of its own before it runs anything, with what was asked for as properties',
  () => {
    using world = scopeWorld();
    world.configureScope(undefined, ['sleep', '100'], (spec) => {
      const resources = spec.linux!.resources!;
      resources.memory = { limit: 1 << 26 };
      resources.cpu = { shares: 512, quota: 50_000, period: 100_000, cpus: '0' };
      resources.pids = { limit: 20 };
    });
    expect(world.scoped('create', 'a')).toMatchObject({ status: 0, stderr: '' });
    const unit = 'sampan-a.scope';
    const group = `/system.slice/${unit}`;
    expect(readFileSync(`/proc/${pidOf(world, 'a')}/cgroup`, 'utf8')).toBe(`0::${group}\n`);
    expect(readFileSync(`/proc/${pidOf(world, 'a')}/comm`, 'utf8')).not.toBe('sleep\n');
    expect(world.scoped('start', 'a')).toMatchObject({ status: 0, stderr: '' });
    const said = ['Slice', 'Delegate', 'MemoryMax', 'TasksMax', 'CPUQuotaPerSecUSec', 'AllowedCPUs', 'DevicePolicy'];
    expect(said.map((name) => property(unit, name))).toEqual([
      'system.slice',
      'yes',
      '67108864',
      '20',
      '500ms',
      '0',
      'strict',
    ]);
    expect(property(unit, 'DeviceAllow')).toContain('/dev/char/1:3 rwm');
    const files = ['memory.max', 'pids.max', 'cpu.max', 'cpuset.cpus'];
    const read = (file: string): string => readFileSync(join(CGROUPS, group, file), 'utf8').trim();
    expect(files.map(read)).toEqual(['67108864', '20', '50000 100000', '0']);
    expect(world.scoped('delete', '--force', 'a')).toMatchObject({ status: 0, stderr: '' });
    expect(property(unit, 'ActiveState')).toBe('inactive');
    expect(existsSync(join(CGROUPS, group))).toBe(false);
  },
);

test.skipIf(IS_V1)('limits stay when systemd looks at its units anew, also those of an update', () => {
  using world = scopeWorld();
  world.configureScope('system.slice:box:up', ['sleep', '100'], (spec) => {
    spec.linux!.resources!.memory = { limit: 1 << 26 };
  });
  expect(world.scoped('run', '--detach', 'up')).toMatchObject({ status: 0, stderr: '' });
  expect(world.scoped('update', '--memory', '128m', '--pids-limit', '33', 'up')).toMatchObject({
    status: 0,
    stderr: '',
  });
  expect(spawnSync('systemctl', ['daemon-reload']).status).toBe(0);
  expect(property('box-up.scope', 'MemoryMax')).toBe(String(1 << 27));
  expect(readFileSync(`${CGROUPS}/system.slice/box-up.scope/memory.max`, 'utf8')).toBe(`${1 << 27}\n`);
  expect(readFileSync(`${CGROUPS}/system.slice/box-up.scope/pids.max`, 'utf8')).toBe('33\n');
  expect(world.scoped('pause', 'up').status).toBe(0);
  expect(world.scoped('resume', 'up').status).toBe(0);
  expect(world.scoped('exec', 'up', 'sh', '-c', 'cat /proc/self/cgroup')).toMatchObject({
    status: 0,
    stdout: '0::/\n',
  });
  expect(world.scoped('delete', '--force', 'up').status).toBe(0);
});

test.skipIf(IS_V1)('slices below slices, and the scope ends with a container that was run', () => {
  using world = scopeWorld();
  world.configureScope('deep-er.slice::tiny', ['true']);
  expect(world.scoped('run', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(property('tiny.scope', 'ActiveState')).toBe('inactive');
  expect(existsSync(`${CGROUPS}/deep.slice/deep-er.slice/tiny.scope`)).toBe(false);
});

test.skipIf(IS_V1)('the message bus serves where it is named', () => {
  using world = scopeWorld();
  world.configureScope(undefined, ['true']);
  process.env['DBUS_SYSTEM_BUS_ADDRESS'] = 'unix:path=/run/dbus/system_bus_socket';
  try {
    expect(world.scoped('run', 'a')).toMatchObject({ status: 0, stderr: '' });
  } finally {
    delete process.env['DBUS_SYSTEM_BUS_ADDRESS'];
  }
});

test.skipIf(IS_V1)('properties by annotation have the last word', () => {
  using world = scopeWorld();
  world.configureScope(undefined, ['sleep', '100'], (spec) => {
    spec.annotations = {
      'org.systemd.property.TimeoutStopUSec': 'uint64 7000000',
      'org.systemd.property.CollectMode': "'inactive-or-failed'",
      'org.systemd.property.Description': "'of somebody'",
      'org.systemd.property.RuntimeMaxSec': '300',
      'org.systemd.property.Wants': "['basic.target']",
    };
  });
  expect(world.scoped('run', '--detach', 'noted')).toMatchObject({ status: 0, stderr: '' });
  const names = ['TimeoutStopUSec', 'CollectMode', 'Description', 'RuntimeMaxUSec', 'Wants'];
  const values = ['7s', 'inactive-or-failed', 'of somebody', '5min', 'basic.target'];
  expect(names.map((name) => property('sampan-noted.scope', name))).toEqual(values);
  expect(world.scoped('delete', '--force', 'noted').status).toBe(0);
});

test.skipIf(IS_V1)('what systemd does not take is its own word, and nothing is left', () => {
  using world = scopeWorld();
  world.configureScope(undefined, ['true'], (spec) => {
    spec.annotations = { 'org.systemd.property.NoSuchThing': 'true' };
  });
  const { status, stderr } = world.scoped('run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain('systemd refuses it');
  expect(stderr).toContain('NoSuchThing');
  expect(world.leftovers()).toEqual([]);
});

test.skipIf(IS_V1)('a unit of the same name is not touched', () => {
  using world = scopeWorld();
  expect(
    spawnSync('systemd-run', ['--scope', '--unit=sampan-taken', '--quiet', 'sh', '-c', 'sleep 100 >/dev/null 2>&1 &'])
      .status,
  ).toBe(0);
  world.configureScope(undefined, ['true']);
  const { status, stderr } = world.scoped('run', 'taken');
  expect(status).toBe(1);
  expect(stderr).toContain('UnitExists');
  expect(property('sampan-taken.scope', 'ActiveState')).toBe('active');
  expect(spawnSync('systemctl', ['stop', 'sampan-taken.scope']).status).toBe(0);
});

test.skipIf(IS_V1)('a runtime that was killed leaves nothing after the next delete', async () => {
  using world = scopeWorld();
  world.configureScope(undefined, ['sleep', '100']);
  for (const wait of [30, 200, 900]) {
    const running = world.spawn('--systemd-cgroup', 'run', 'a');
    await Bun.sleep(wait);
    for (const pid of [...childrenOf(running.pid), running.pid]) process.kill(pid, 'SIGKILL');
    await running.exited;
    expect(world.scoped('delete', '--force', 'a')).toMatchObject({ status: 0, stderr: '' });
    for (let round = 0; round < 100 && property('sampan-a.scope', 'ActiveState') !== 'inactive'; round++)
      await Bun.sleep(50);
    expect(property('sampan-a.scope', 'ActiveState')).toBe('inactive');
    expect(readdirSync(`${CGROUPS}/system.slice`)).not.toContain('sampan-a.scope');
    expect(world.leftovers()).toEqual([]);
  }
});

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
