import { afterAll, beforeAll, expect, test } from 'bun:test';
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
  State: { Status: string; ExitCode: number; Pid: number; Running: boolean; Dead: boolean; Error: string };
}
const inspect = async (name: string): Promise<Inspected> => {
  const [found] = JSON.parse((await world.sampan('inspect', name)).stdout) as Inspected[];
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

test('a container in the background is listed, read, entered, stopped and removed', async () => {
  const { stdout: id, status } = await world.sampan(
    'run',
    '-d',
    '--name',
    'web',
    world.image,
    'sh',
    '-c',
    'echo up; trap "echo bye; exit 3" TERM; while :; do sleep 0.05; done',
  );
  expect(status).toBe(0);
  expect(id.trim()).toMatch(/^[0-9a-f]{64}$/);
  expect((await world.sampan('ps')).stdout).toMatch(/web\n$/);
  expect((await world.sampan('ps', '-q')).stdout.trim()).toBe(id.slice(0, 12));
  expect(await world.sampan('exec', 'web', 'sh', '-c', 'echo in; exit 9')).toMatchObject({ status: 9, stdout: 'in\n' });
  expect((await world.sampan('rm', 'web')).status).toBe(5);
  expect(await world.sampan('stop', 'web')).toMatchObject({ status: 0, stdout: 'web\n' });
  expect((await world.sampan('ps')).stdout).not.toContain('web');
  expect((await world.sampan('ps', '-a')).stdout).toContain('Exited (3)');
  expect((await world.sampan('logs', 'web')).stdout).toBe('up\nbye\n');
  expect(await world.sampan('rm', 'web')).toMatchObject({ status: 0, stdout: 'web\n' });
  expect((await world.sampan('logs', 'web')).status).toBe(3);
});

test('one that ignores the signal is killed after the time given', async () => {
  await world.sampan('run', '-d', '--name', 'deaf', world.image, 'sleep', '1000');
  const before = Date.now();
  const { status, stderr } = await world.sampan('stop', '-t', '1', 'deaf');
  expect(status).toBe(0);
  expect(stderr).toContain('did not heed');
  expect(Date.now() - before).toBeLessThan(4000);
  expect((await inspect('deaf')).State).toMatchObject({ Status: 'exited', ExitCode: 137 });
  await world.sampan('rm', 'deaf');
});

test('start runs it again on the same files, with a new log line', async () => {
  await world.sampan('run', '--name', 'again', world.image, 'sh', '-c', 'echo x >> /count; cat /count | wc -l');
  expect(await world.sampan('start', 'again')).toMatchObject({ status: 0, stdout: 'again\n' });
  for (let tries = 0; (await inspect('again')).State.Running && tries < 100; tries += 1) await sleep(20);
  expect((await world.sampan('logs', 'again')).stdout).toBe('1\n2\n');
  expect((await world.sampan('start', '-a', 'again')).stdout).toBe('3\n');
  await world.sampan('rm', 'again');
});

test('kill sends the signal asked for, to the right process', async () => {
  await world.sampan(
    'run',
    '-d',
    '--name',
    'target',
    world.image,
    'sh',
    '-c',
    'trap "echo usr1" USR1; echo ready; while :; do sleep 0.05; done',
  );
  for (let tries = 0; !(await world.sampan('logs', 'target')).stdout.includes('ready') && tries < 100; tries += 1)
    await sleep(20);
  expect((await world.sampan('kill', '-s', 'USR1', 'target')).status).toBe(0);
  for (let tries = 0; !(await world.sampan('logs', 'target')).stdout.includes('usr1') && tries < 100; tries += 1)
    await sleep(20);
  expect((await world.sampan('logs', 'target')).stdout).toContain('usr1');
  expect((await world.sampan('kill', '-s', 'NONE', 'target')).status).toBe(2);
  expect((await world.sampan('kill', 'target')).status).toBe(0);
  expect((await inspect('target')).State.ExitCode).toBe(137);
  expect((await world.sampan('kill', 'target')).status).toBe(5);
  await world.sampan('rm', 'target');
});

test('logs follow, count, cut and stamp', async () => {
  await world.sampan(
    'run',
    '-d',
    '--name',
    'talker',
    world.image,
    'sh',
    '-c',
    'for i in 1 2 3 4 5; do echo line $i; sleep 0.1; done; echo err >&2; sleep 0.1; printf last',
  );
  const followed = await world.sampan('logs', '-f', 'talker');
  expect(followed.stdout).toBe('line 1\nline 2\nline 3\nline 4\nline 5\nlast');
  expect(followed.stderr).toBe('err\n');
  expect((await world.sampan('logs', '--tail', '2', 'talker')).stdout).toBe('last');
  expect((await world.sampan('logs', '--tail', '3', 'talker')).stdout).toBe('line 5\nlast');
  expect((await world.sampan('logs', '-t', 'talker')).stdout).toMatch(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 1\n/,
  );
  expect((await world.sampan('logs', '--since', '1h', '--until', '0s', 'talker')).stdout).toContain('line 1');
  expect((await world.sampan('logs', '--until', '1h', 'talker')).stdout).toBe('');
  expect((await world.sampan('logs', '--tail', 'x', 'talker')).status).toBe(2);
  await world.sampan('rm', 'talker');
});

test("exec takes user, directory, variables and input; its refusals are docker's", async () => {
  await world.sampan('run', '-d', '--name', 'host', '-e', 'ONE=1', world.image, 'sleep', '1000');
  expect(
    (
      await world.sampan(
        'exec',
        '-u',
        'app',
        '-w',
        '/tmp',
        '-e',
        'TWO=2',
        'host',
        'sh',
        '-c',
        'id -un; pwd; echo $ONE$TWO',
      )
    ).stdout,
  ).toBe('app\n/tmp\n12\n');
  expect((await world.call(['exec', '-i', 'host', 'cat'], { input: 'through' })).stdout).toBe('through');
  expect((await world.sampan('exec', 'host', 'nonesuch')).status).toBe(127);
  expect((await world.sampan('exec', '-u', 'nobody2', 'host', 'true')).status).toBe(125);
  expect((await world.sampan('exec', '-d', 'host', 'sh', '-c', 'sleep 0.1; touch /made')).status).toBe(0);
  for (
    let tries = 0;
    (await world.sampan('exec', 'host', 'test', '-e', '/made')).status !== 0 && tries < 100;
    tries += 1
  )
    await sleep(20);
  expect((await world.sampan('exec', 'host', 'test', '-e', '/made')).status).toBe(0);
  await world.sampan('rm', '-f', 'host');
  expect((await world.sampan('exec', 'host', 'true')).status).toBe(125);
});

test('signals to an attached run reach the program', async () => {
  const child = world.spawn([
    'run',
    '--rm',
    '--name',
    'heard',
    world.image,
    'sh',
    '-c',
    'trap "echo got it; exit 5" TERM; echo ready; while :; do sleep 0.05; done',
  ]);
  const reader = child.stdout.getReader();
  const text = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString();
  expect(await text()).toBe('ready\n');
  child.kill('SIGTERM');
  expect(await text()).toBe('got it\n');
  expect(await child.exited).toBe(5);
  expect((await world.sampan('ps', '-a')).stdout).not.toContain('heard');
});

test('a container that removes itself does so in the background too', async () => {
  await world.sampan('run', '-d', '--rm', '--name', 'brief', world.image, 'sleep', '0.2');
  for (let tries = 0; world.leftovers().length > 0 && tries < 100; tries += 1) await sleep(50);
  expect((await world.sampan('ps', '-a')).stdout).not.toContain('brief');
});

test('nothing is left of all that', () => {
  expect(world.leftovers()).toEqual([]);
});
