import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

interface Inspected {
  Id: string;
  Name: string;
  State: { Status: string; ExitCode: number; Pid: number; Running: boolean; Paused: boolean };
  HostConfig: Record<string, unknown>;
}
const inspect = async (name: string): Promise<Inspected> => {
  const [found] = JSON.parse((await world.sampan('inspect', name)).stdout) as Inspected[];
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};
const runSleeper = async (name: string, ...options: string[]): Promise<string> => {
  const { stdout, stderr, status } = await world.sampan(
    'run',
    '-d',
    '--name',
    name,
    ...options,
    world.image,
    'sh',
    '-c',
    'trap "exit 7" TERM; while :; do sleep 0.05; done',
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim();
};
const remove = (...names: string[]): Promise<unknown> => world.sampan('rm', '-f', ...names);

test('create makes what start runs, and refuses what run refuses', async () => {
  const { status, stdout } = await world.sampan(
    'create',
    '--name',
    'made',
    '-e',
    'A=1',
    world.image,
    'sh',
    '-c',
    'echo $A',
  );
  expect(status).toBe(0);
  expect(stdout.trim()).toMatch(/^[0-9a-f]{64}$/);
  expect((await inspect('made')).State).toMatchObject({ Status: 'created', Running: false });
  expect((await world.sampan('start', '-a', 'made')).stdout).toBe('1\n');
  const taken = await world.sampan('create', '--name', 'made', world.image);
  expect(taken.status).toBe(125);
  expect(taken.stderr).toContain('the name "made" is in use');
  const absent = await world.sampan('create', '--pull', 'never', 'nothing:here');
  expect(absent.status).toBe(125);
  expect(absent.stderr).toContain('No such image');
  await remove('made');
  expect(world.leftovers()).toEqual([]);
});

test('restart ends what runs with the signal asked for and runs it again, and starts what has stopped', async () => {
  await runSleeper('again');
  const first = (await inspect('again')).State.Pid;
  expect(await world.sampan('restart', '-t', '5', 'again')).toMatchObject({ status: 0, stdout: 'again\n' });
  const second = (await inspect('again')).State.Pid;
  expect(second).not.toBe(first);
  expect((await world.sampan('restart', '-s', 'KILL', 'again')).status).toBe(0);
  expect((await inspect('again')).State.Pid).not.toBe(second);
  expect((await world.sampan('restart', '-s', 'NOSUCH', 'again')).status).toBe(2);
  expect((await inspect('again')).State.Running).toBe(true);
  await world.sampan('stop', 'again');
  expect((await inspect('again')).State.ExitCode).toBe(7);
  expect((await world.sampan('restart', 'again')).status).toBe(0);
  expect((await inspect('again')).State.Running).toBe(true);
  expect((await world.sampan('restart', 'no-such')).status).toBe(3);
  await remove('again');
});

test('restart keeps a container that removes itself; the next end takes it away', async () => {
  await runSleeper('gone', '--rm');
  expect((await world.sampan('restart', 'gone')).status).toBe(0);
  // The first run's own cleanup has had its turn by then, too.
  await sleep(500);
  expect((await inspect('gone')).State.Running).toBe(true);
  await world.sampan('stop', 'gone');
  for (let tries = 0; world.leftovers().length > 0 && tries < 100; tries += 1) await sleep(20);
  expect(world.leftovers()).toEqual([]);
});

test('pause holds every process, unpause lets them go on, and only in the right state', async () => {
  await runSleeper('held');
  expect(await world.sampan('pause', 'held')).toMatchObject({ status: 0, stdout: 'held\n' });
  expect((await inspect('held')).State).toMatchObject({ Status: 'paused', Running: true, Paused: true });
  expect((await world.sampan('ps')).stdout).toMatch(/Up .*\(Paused\)/);
  const twice = await world.sampan('pause', 'held');
  expect(twice.status).toBe(5);
  expect(twice.stderr).toContain('already paused');
  expect((await world.sampan('exec', 'held', 'true')).stderr).toContain('paused');
  expect((await world.sampan('start', 'held')).stderr).toContain('paused');
  expect(await world.sampan('unpause', 'held')).toMatchObject({ status: 0, stdout: 'held\n' });
  expect((await inspect('held')).State).toMatchObject({ Status: 'running', Paused: false });
  expect((await world.sampan('unpause', 'held')).stderr).toContain('not paused');
  expect((await world.sampan('exec', 'held', 'echo', 'alive')).stdout).toBe('alive\n');
  await remove('held');
  expect((await world.sampan('pause', 'held')).status).toBe(3);
});

test('a paused container can be stopped, killed and removed', async () => {
  await runSleeper('stiff');
  await world.sampan('pause', 'stiff');
  expect((await world.sampan('stop', 'stiff')).status).toBe(0);
  expect((await inspect('stiff')).State.ExitCode).toBe(7);
  await world.sampan('start', 'stiff');
  await world.sampan('pause', 'stiff');
  expect((await world.sampan('kill', 'stiff')).status).toBe(0);
  expect((await inspect('stiff')).State.ExitCode).toBe(137);
  await world.sampan('start', 'stiff');
  await world.sampan('pause', 'stiff');
  expect((await world.sampan('rm', '-f', 'stiff')).status).toBe(0);
  expect(world.leftovers()).toEqual([]);
});

test('rename gives another name, and never one that is taken or cannot be', async () => {
  await runSleeper('old');
  await world.sampan('create', '--name', 'other', world.image, 'true');
  expect(await world.sampan('rename', 'old', 'fresh')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect((await inspect('fresh')).Name).toBe('/fresh');
  expect((await world.sampan('inspect', 'old')).status).not.toBe(0);
  expect((await world.sampan('rename', 'fresh', 'other')).status).toBe(4);
  expect((await world.sampan('rename', 'fresh', 'fresh')).status).toBe(5);
  expect((await world.sampan('rename', 'fresh', '-bad-')).status).toBe(125);
  expect((await world.sampan('rename', 'fresh', 'a/b')).status).toBe(2);
  expect((await world.sampan('rename', 'old', 'x1')).status).toBe(3);
  expect((await inspect('fresh')).State.Running).toBe(true);
  await remove('fresh', 'other');
});

test('wait prints the statuses in the order of the names, whichever ends first', async () => {
  await world.sampan('run', '-d', '--name', 'slow', world.image, 'sh', '-c', 'sleep 1; exit 3');
  await world.sampan('run', '-d', '--rm', '--name', 'quick', world.image, 'sh', '-c', 'sleep 0.6; exit 4');
  expect(await world.sampan('wait', 'slow', 'quick')).toMatchObject({ status: 0, stdout: '3\n4\n' });
  expect(await world.sampan('wait', 'slow')).toMatchObject({ status: 0, stdout: '3\n' });
  const mixed = await world.sampan('wait', 'no-such', 'slow');
  expect(mixed).toMatchObject({ status: 3, stdout: '3\n' });
  expect(mixed.stderr).toContain('No such container: no-such');
  expect((await world.sampan('wait', '--condition', 'bored', 'slow')).status).toBe(2);
  await remove('slow');
});

test('wait --condition next-exit waits for a run to come, removed for the end of all', async () => {
  await world.sampan('create', '--name', 'later', world.image, 'sh', '-c', 'exit 9');
  expect((await world.sampan('wait', 'later')).stdout).toBe('0\n');
  const waiting = world.spawn(['wait', '--condition', 'next-exit', 'later']);
  const removed = world.spawn(['wait', '--condition', 'removed', 'later']);
  await sleep(300);
  expect([waiting.exitCode, removed.exitCode]).toEqual([null, null]);
  await world.sampan('start', 'later');
  expect(await new Response(waiting.stdout).text()).toBe('9\n');
  await sleep(100);
  expect(removed.exitCode).toBeNull();
  await world.sampan('rm', 'later');
  expect(await new Response(removed.stdout).text()).toBe('9\n');
});

test('wait is told when the monitor was killed', async () => {
  const id = await runSleeper('orphan');
  const waiting = world.spawn(['wait', 'orphan']);
  await sleep(300);
  const lock = readFileSync(`${world.root}/containers/${id}/lock`, 'latin1');
  process.kill(Number(lock.split(' ')[0]), 'SIGKILL');
  expect(await new Response(waiting.stdout).text()).toBe('137\n');
  await remove('orphan');
  expect(world.leftovers().filter((line) => line.includes(world.root) || line.includes(id))).toEqual([]);
});

test('top shows the processes by their pids on the host, in the columns asked for', async () => {
  await runSleeper('busy');
  const { Pid } = (await inspect('busy')).State;
  const lines = (await world.sampan('top', 'busy')).stdout.trimEnd().split('\n');
  expect(lines[0]?.split(/\s+/)).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
  const init = lines.find((line) => line.split(/\s+/)[1] === String(Pid));
  expect(init?.split(/\s+/)[0]).toBe('root');
  expect(init).toContain('sh -c trap');
  const chosen = (await world.sampan('top', 'busy', '-o', 'pid,ppid,comm=NAME')).stdout.split('\n');
  expect(chosen[0]?.split(/\s+/)).toEqual(['PID', 'PPID', 'NAME']);
  expect(chosen[1]?.split(/\s+/)[0]).toBe(String(Pid));
  expect((await world.sampan('top', 'busy', 'aux')).stdout).toMatch(/^USER +PID +%CPU +%MEM +VSZ +RSS/);
  expect((await world.sampan('top', 'busy', '-o', 'shoe')).status).toBe(2);
  expect((await world.sampan('top', 'busy', '--forest')).status).toBe(2);
  await world.sampan('stop', 'busy');
  expect((await world.sampan('top', 'busy')).status).toBe(5);
  await remove('busy');
});

test('port knows of no ports yet, and says so', async () => {
  await world.sampan('create', '--name', 'shut', world.image, 'true');
  expect(await world.sampan('port', 'shut')).toMatchObject({ status: 0, stdout: '' });
  expect((await world.sampan('port', 'shut', '80')).stderr).toContain("no public port '80/tcp' published for shut");
  expect((await world.sampan('port', 'shut', 'http')).status).toBe(2);
  await remove('shut');
});

test('container prune takes what does not run and what the filters say, and asks first', async () => {
  await runSleeper('kept');
  await world.sampan('run', '--name', 'done', '--label', 'colour=red', world.image, 'sh', '-c', 'echo text > /file');
  await world.sampan('create', '--name', 'fresh', world.image, 'true');
  const done = (await inspect('done')).Id;
  const refused = await world.call(['container', 'prune'], { input: 'n\n' });
  expect(refused.status).toBe(130);
  expect(refused.stdout).toContain('WARNING! This will remove all stopped containers.');
  expect((await world.sampan('container', 'prune', '-f', '--filter', 'label=colour=blue')).stdout).toBe(
    'Total reclaimed space: 0B\n',
  );
  expect((await world.sampan('container', 'prune', '-f', '--filter', 'until=1h')).stdout).not.toContain(done);
  expect((await world.sampan('container', 'prune', '-f', '--filter', 'shape=round')).status).toBe(2);
  const told = await world.sampan('container', 'prune', '--dry-run', '--filter', 'label=colour');
  expect(told.stdout).toStartWith(`Containers that would be deleted:\n${done}\n\nSpace that would be reclaimed: `);
  expect((await inspect('done')).Id).toBe(done);
  const pruned = await world.sampan('container', 'prune', '-f', '--filter', 'label!=colour=blue');
  expect(pruned.stdout).toStartWith('Deleted Containers:\n');
  expect(pruned.stdout).toContain(done);
  expect(pruned.stdout).toMatch(/Total reclaimed space: [1-9]/);
  expect((await world.sampan('ps', '-a', '--format', 'json')).stdout.trim().split('\n')).toHaveLength(1);
  await remove('kept');
  expect(world.leftovers()).toEqual([]);
});

test('container inspect knows containers only', async () => {
  await world.sampan('create', '--name', 'one', world.image, 'true');
  expect((await world.sampan('container', 'inspect', '-f', '{{.Name}}', 'one')).stdout).toBe('/one\n');
  expect((await world.sampan('container', 'inspect', world.image)).status).toBe(3);
  await remove('one');
});

/** Where a file of a container's control group is, whichever version mounts it. */
const limitOf = (id: string, controller: string, v1: string, v2: string): string => {
  for (const path of [`/sys/fs/cgroup/${controller}/sampan/${id}/${v1}`, `/sys/fs/cgroup/sampan/${id}/${v2}`]) {
    try {
      return readFileSync(path, 'latin1').trim();
    } catch {
      continue;
    }
  }
  throw new Error(`no ${v1} and no ${v2} of ${id}`);
};

test('update changes the limits of a running container and those of its next run', async () => {
  const id = await runSleeper('lean', '-m', '64m');
  const done = await world.sampan('update', '-m', '96m', '--pids-limit', '33', '--cpus', '0.5', 'lean');
  expect(done).toMatchObject({ status: 0, stdout: 'lean\n', stderr: '' });
  const memory = (): string => limitOf(id, 'memory', 'memory.limit_in_bytes', 'memory.max');
  const pids = (): string => limitOf(id, 'pids', 'pids.max', 'pids.max');
  expect([memory(), pids()]).toEqual([String(96 * 2 ** 20), '33']);
  expect((await inspect('lean')).HostConfig).toMatchObject({ Memory: 96 * 2 ** 20, PidsLimit: 33, NanoCpus: 5e8 });
  await world.sampan('stop', 'lean');
  expect((await world.sampan('update', '--pids-limit', '44', 'lean')).status).toBe(0);
  await world.sampan('start', 'lean');
  expect([memory(), pids()]).toEqual([String(96 * 2 ** 20), '44']);
  await remove('lean');
});

test('an update that fails changes nothing', async () => {
  const id = await runSleeper('firm', '-m', '64m', '--pids-limit', '50');
  const before = (await inspect('firm')).HostConfig;
  const refusals: [string[], string][] = [
    [['-m', '1m'], 'the least memory limit is 6m'],
    [['--pids-limit', '60', '--cpuset-cpus', '4000'], 'cpuset'],
    [['--memory-swap', '10m'], 'below --memory'],
    [['--memory-reservation', '1g'], 'above --memory'],
    [['--restart', 'often'], '--restart'],
    [['--cpus', '1', '--cpu-quota', '5000'], '--cpus'],
    [['--blkio-weight', '5'], 'from 10 to 1000'],
  ];
  for (const [flags, words] of refusals) {
    const { status, stderr } = await world.sampan('update', ...flags, 'firm');
    expect(stderr).toContain(words);
    expect(status).not.toBe(0);
  }
  expect((await inspect('firm')).HostConfig).toEqual(before);
  expect(limitOf(id, 'pids', 'pids.max', 'pids.max')).toBe('50');
  expect((await world.sampan('update', '-m', '64m', 'no-such')).status).toBe(3);
  await remove('firm');
});

test('top shows what a program calls itself without letting it speak to the terminal', async () => {
  const evil = 'evil\u001b]0;title\u0007\nroot 1 another row';
  await world.sampan('run', '-d', '--name', 'evil', world.image, 'sh', '-c', 'while :; do sleep 1; done', evil);
  const { stdout } = await world.sampan('top', 'evil', '-o', 'cmd');
  expect(stdout.split('\n')[1]).toBe('sh -c while :; do sleep 1; done evil?]0;title??root 1 another row');
  await remove('evil');
});

test("a namespace is shared with a container's own first process, not with who has its number now", async () => {
  const id = await runSleeper('lender');
  const file = `${world.root}/containers/${id}/pid`;
  const text = readFileSync(file, 'latin1');
  const joined = await world.sampan('run', '--rm', '--pid', 'container:lender', world.image, 'ps');
  expect([joined.status, joined.stdout]).toEqual([0, expect.stringContaining('trap "exit 7"')]);
  writeFileSync(file, text.replace(/^\d+/, String(process.pid)));
  for (const option of ['--pid', '--uts']) {
    const refused = await world.sampan('run', '--rm', option, 'container:lender', world.image, 'true');
    expect([refused.status, refused.stdout]).toEqual([125, '']);
    expect(refused.stderr).toContain('is not running');
  }
  writeFileSync(file, text);
  await remove('lender');
});

test("an id is nobody else's name", async () => {
  const id = await runSleeper('first');
  await world.sampan('create', '--name', id, world.image, 'true');
  expect((await inspect(id)).Name).toBe('/first');
  await remove('first', id);
});

test('what scripts for docker give always is taken: rm -v, and -q of create and run', async () => {
  await world.sampan('rmi', '-f', world.image);
  const made = await world.sampan('create', '-q', '--name', 'quiet', world.image, 'true');
  expect(made).toMatchObject({ status: 0, stderr: '' });
  expect(await world.sampan('run', '-q', '--rm', world.image, 'true')).toMatchObject({ status: 0, stderr: '' });
  expect(await world.sampan('rm', '-fv', 'quiet')).toMatchObject({ status: 0, stderr: '' });
});

test('an update of nothing is a mistake', async () => {
  await world.sampan('create', '--name', 'same', world.image, 'true');
  const { status, stderr } = await world.sampan('update', 'same');
  expect([status, stderr]).toEqual([125, expect.stringContaining('must provide one or more flags')]);
  await remove('same');
});
