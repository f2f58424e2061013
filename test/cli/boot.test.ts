/** What a boot brings back, and units for systemd. A boot is played: all processes killed, and another boot's id. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync, rmSync, writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { identify, startTime } from '#base/process-identity.ts';
import { SAMPAN } from '#tools/places.ts';
import { serviceManager } from '#tools/service-manager.ts';
import { eventually, inspectContainer } from './restart-world.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const lockOf = (id: string): string => join(world.root, 'containers', id, 'lock');
const statusOf = async (name: string): Promise<string> => (await inspectContainer(world, name)).State.Status;
const run = async (name: string, policy: string): Promise<string> =>
  (await world.sampan('run', '-d', '--name', name, '--restart', policy, world.image, 'sleep', '1000')).stdout.trim();

/** Takes the power from these, all at once, and gives their monitors' numbers to somebody else. */
async function cutPower(names: readonly string[]): Promise<void> {
  const found = await Promise.all(names.map((name) => inspectContainer(world, name)));
  const monitors = found.map(({ Id }) => Number(readFileSync(lockOf(Id), 'latin1').split(' ')[0]));
  const pids = [...monitors, ...found.map(({ State }) => State.Pid)];
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await eventually(() => Promise.resolve(pids.every((pid) => startTime(pid) === undefined)));
  for (const { Id } of found) writeFileSync(lockOf(Id), identify(process.pid)!.replace(':', ' '));
  setFormerBoot();
}

function setFormerBoot(): void {
  const database = new DatabaseSync(join(world.root, 'sampan.db'));
  database.exec("PRAGMA busy_timeout = 5000; UPDATE boot SET id = 'the boot before'");
  database.close();
}

test('always comes back, unless-stopped if it was not stopped, and nothing else', async () => {
  const policies = {
    back: 'always',
    down: 'always',
    kept: 'unless-stopped',
    off: 'unless-stopped',
    retried: 'on-failure',
    plain: 'no',
  };
  const ids: Record<string, string> = {};
  for (const [name, policy] of Object.entries(policies)) ids[name] = await run(name, policy);
  await world.sampan('create', '--name', 'unborn', '--restart', 'unless-stopped', world.image, 'sleep', '1000');
  await world.sampan('stop', '-t', '0', 'down', 'off');
  await cutPower(['back', 'kept', 'retried', 'plain']);
  const boot = await world.sampan('start', '--all', '--filter', 'should-start-on-boot=true');
  expect(boot.stdout.split('\n').filter(Boolean).sort()).toEqual(['back', 'down', 'kept']);
  expect(boot.stderr).toContain('stopped container back, whose monitor had been killed');
  const states = await Promise.all(Object.keys(policies).map(statusOf));
  expect(states).toEqual(['running', 'running', 'running', 'exited', 'dead', 'dead']);
  expect(await statusOf('unborn')).toBe('created');
  // In order before the end of the machine: then the next boot has the same to do.
  const halt = await world.sampan('stop', '-t', '0', '--all', '--filter', 'should-start-on-boot=true', '--until-boot');
  expect(halt.stdout.split('\n').filter(Boolean).sort()).toEqual(['back', 'down', 'kept']);
  const again = await world.sampan('start', '--all', '--filter', 'should-start-on-boot=true');
  expect(again.stdout.split('\n').filter(Boolean).sort()).toEqual(['back', 'down', 'kept']);
  expect((await world.sampan('stop', '-t', '0', '--all', '-f', 'restart-policy=unless-stopped')).stdout).toBe('kept\n');
  expect((await world.sampan('start', '-f', 'name=kep')).stdout).toBe('kept\n');
  await world.sampan('rm', '-f', ...Object.keys(policies), 'unborn');
  expect(world.leftovers()).toEqual([]);
}, 120_000);

test('what a boot starts while nothing was left of the one before runs on', async () => {
  setFormerBoot();
  await run('first', 'no');
  for (let round = 0; round < 2; round += 1) expect(await statusOf('first')).toBe('running');
  await world.sampan('rm', '-f', 'first');
}, 30_000);

test('without a boot, a lock of a living monitor stands', async () => {
  const id = await run('stays', 'always');
  const lock = readFileSync(lockOf(id), 'latin1');
  for (let round = 0; round < 3; round += 1) expect(await statusOf('stays')).toBe('running');
  expect(readFileSync(lockOf(id), 'latin1')).toBe(lock);
  await world.sampan('rm', '-f', 'stays');
});

test('who is to be started or stopped is either named or chosen', async () => {
  const refused = async (...args: string[]): Promise<string> => {
    const { status, stderr } = await world.sampan(...args);
    expect(status).toBe(125);
    return stderr;
  };
  expect(await refused('start')).toContain('must be named');
  expect(await refused('stop')).toContain('must be named');
  expect(await refused('stop', '--all', 'web')).toContain('either');
  expect((await world.sampan('start', '--filter', 'colour=red')).stderr).toContain(
    'There are: label, name, restart-policy',
  );
});

test('units are what systemd-analyze takes, and are written here when asked', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-units-'));
  await world.sampan(
    'create',
    '--name',
    'web',
    '--restart',
    'always',
    '-e',
    'WORDS=two "words" 5%',
    world.image,
    'sh',
    '-c',
    'echo $WORDS; sleep 1000',
  );
  const print = async (...args: string[]): Promise<string> => {
    const { status, stdout } = await world.sampan('generate', 'systemd', ...args);
    expect(status).toBe(0);
    return stdout;
  };
  const units = {
    'container-web.service': await print('-n', '--after', 'sockets.target', '-t', '3', 'web'),
    'new-web.service': await print('--new', '--restart-sec', '2', '--start-timeout', '30', 'web'),
    'sampan-restart.service': await print('--all'),
  };
  for (const [name, text] of Object.entries(units)) {
    const path = join(directory, name);
    writeFileSync(path, text);
    const { exitCode, stderr } = Bun.spawnSync(['systemd-analyze', 'verify', '--man=no', '--generators=no', path]);
    expect([
      name,
      exitCode,
      stderr
        .toString()
        .split('\n')
        .filter((line) => line.includes(name)),
    ]).toEqual([name, 0, []]);
  }
  expect(units['container-web.service']).toContain('# container-web.service\n');
  expect(units['container-web.service']).toMatch(/\nExecStart=.*sampan.* start --sdnotify=conmon web\n/);
  expect(units['container-web.service']).toContain('\nRestart=on-failure\n');
  expect(units['new-web.service']).toContain('\nRestart=always\n');
  expect(units['new-web.service']).toContain(
    `--name=web --sdnotify=conmon "--env=WORDS=two \\"words\\" 5%%" ${world.image} sh -c "echo $$WORDS; sleep 1000"\n`,
  );
  const id = (await world.sampan('inspect', '-f', '{{.Id}}', 'web')).stdout.slice(0, 12);
  const files = Bun.spawnSync([SAMPAN, 'generate', 'systemd', '--files', '-n', 'web'], {
    cwd: directory,
    env: { PATH: '/usr/bin:/bin', SAMPAN_ROOT: world.root },
  });
  const written = join(directory, 'container-web.service');
  expect([files.exitCode, files.stdout.toString()]).toEqual([0, `${written}\n`]);
  expect(readFileSync(written, 'utf8')).toContain('\nTimeoutStopSec=70\n');
  expect((await print('web')).split('\n')[0]).toBe(`# container-${id}.service`);
  expect((await world.sampan('generate', 'systemd', '--restart-policy', 'often', 'web')).stderr).toContain(
    '"often" is none of',
  );
  expect((await world.sampan('generate', 'systemd')).status).toBe(125);
  await world.sampan('rm', 'web');
  rmSync(directory, { recursive: true });
});

/** The words of a line as systemd reads it, whose variables and specifiers are none here. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    (quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '').replace(/%%|\$\$/g, (two) => two.slice(1)),
  );

/** Executes the lines of a unit with this key one after the other, as systemd would; `-` allows a failure. */
async function execute(unit: string, key: string, env: Record<string, string> = {}): Promise<void> {
  for (const [, allowed, line] of unit.matchAll(new RegExp(`^${key}=(-?)(.*)$`, 'gm'))) {
    const words = wordsOf(line ?? '');
    const child = Bun.spawn(words, { env: { PATH: '/usr/bin:/bin', ...env }, stdout: 'ignore', stderr: 'ignore' });
    expect([line, (await child.exited) === 0 || allowed === '-']).toEqual([line, true]);
  }
}

test('a unit’s commands make the service, tell when it is there, and leave nothing of it', async () => {
  const script = 'echo "$WORDS"; sleep 1000';
  await world.sampan('create', '--name', 'made', '-e', 'WORDS=a "b" 5% $c', world.image, 'sh', '-c', script);
  const { stdout: unit } = await world.sampan('generate', 'systemd', '--new', '-t', '0', 'made');
  const former = (await inspectContainer(world, 'made')).Id;
  const address = join(world.root, 'units-manager');
  using told = await serviceManager(address, `${address}.told`);
  await execute(unit, 'ExecStartPre');
  await execute(unit, 'ExecStart', { NOTIFY_SOCKET: address });
  const { Id, State } = await inspectContainer(world, 'made');
  expect([Id === former, State.Status]).toEqual([false, 'running']);
  expect(await told.heard(1)).toBe(`READY=1\nMAINPID=${readFileSync(lockOf(Id), 'latin1').split(' ')[0]}\n--\n`);
  await eventually(async () => (await world.sampan('logs', 'made')).stdout === 'a "b" 5% $c\n');
  await execute(unit, 'ExecStop');
  expect(await statusOf('made')).toBe('exited');
  await execute(unit, 'ExecStopPost');
  expect(world.leftovers().filter((line) => !line.includes(address))).toEqual([]);
});
