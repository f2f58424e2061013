/** Everything that a container's output and input may meet on its way: floods, several at once, ends and deaths. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPAN } from '#tools/places.ts';
import { calls } from './calls.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const { remove, inspect } = calls(() => world);
const isRunning = async (name: string): Promise<boolean> => (await inspect(name, '{{.State.Running}}')) === 'true';
const text = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text();
/** A shell around the command, for what only a shell can do. */
const shell = (script: string, ...args: string[]) =>
  Bun.spawn(['bash', '-c', script, SAMPAN, ...args], {
    stdout: 'pipe',
    stderr: 'pipe',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SAMPAN_ROOT: world.root },
  });

const COUNT = 300_000;
const COUNTED = Array.from({ length: COUNT }, (_, at) => `${at + 1}\n`).join('');

test('many attached at once each get every byte in order, up to the end', async () => {
  const script = `read go; seq 1 ${COUNT}; exit 4`;
  await world.sampan('run', '-di', '--name', 'flood', world.image, 'sh', '-c', script);
  const watchers = [1, 2, 3, 4].map(() => world.spawn(['attach', '--no-stdin', 'flood']));
  const texts = watchers.map(({ stdout }) => text(stdout));
  await sleep(1000);
  const last = await world.call(['attach', 'flood'], { input: 'go\n' });
  expect([last.status, last.stdout === COUNTED]).toEqual([4, true]);
  for (const one of texts) expect((await one) === COUNTED).toBe(true);
  for (const watcher of watchers) expect(await watcher.exited).toBe(4);
  expect((await world.sampan('logs', 'flood')).stdout === COUNTED).toBe(true);
  await remove('flood');
});

test('bytes of any kind go in and come out as they are, and output goes on after the end of input', async () => {
  const bytes = Buffer.from(Array.from({ length: 700_001 }, (_, at) => (at * 31 + (at >> 9)) % 256));
  const child = Bun.spawn([SAMPAN, 'run', '--rm', '-i', world.image, 'sh', '-c', 'cat; sleep 0.3; printf after'], {
    stdin: bytes,
    stdout: 'pipe',
    env: { PATH: '/usr/bin:/bin', SAMPAN_ROOT: world.root },
  });
  const got = Buffer.from(await new Response(child.stdout).arrayBuffer());
  expect(got.equals(Buffer.concat([bytes, Buffer.from('after')]))).toBe(true);
  expect(await child.exited).toBe(0);
});

test('run without input passes a flood through, to a pipe and to a file', async () => {
  const piped = await world.sampan('run', '--rm', world.image, 'seq', '1', String(COUNT));
  expect([piped.status, piped.stdout === COUNTED]).toEqual([0, true]);
  const file = join(world.root, 'flood.out');
  const child = shell('"$0" run --rm "$1" seq 1 "$2" > "$3"', world.image, String(COUNT), file);
  expect(await child.exited).toBe(0);
  expect(readFileSync(file, 'utf8') === COUNTED).toBe(true);
});

test('exec passes a flood through', async () => {
  await world.sampan('run', '-d', '--name', 'host', world.image, 'sleep', '1000');
  const { status, stdout } = await world.sampan('exec', 'host', 'seq', '1', String(COUNT));
  expect([status, stdout === COUNTED]).toEqual([0, true]);
  await remove('host');
});

test('a reader that goes away ends the command as it ends others; the container goes on', async () => {
  for (const [name, option] of [
    ['plain', '--sig-proxy=true'],
    ['fed', '-i'],
  ] as const) {
    const script = '"$0" run "$4" --name "$2" "$1" sh -c "$3" < <(sleep 20) | head -1; echo "${PIPESTATUS[0]}"';
    const child = shell(script, world.image, name, 'while :; do echo line; sleep 0.01; done', option);
    expect(await text(child.stdout)).toBe('line\n141\n');
    expect(await isRunning(name)).toBe(true);
    const again = shell('"$0" attach --no-stdin "$1" | head -1; echo "${PIPESTATUS[0]}"', name);
    expect(await text(again.stdout)).toBe('line\n141\n');
    expect(await isRunning(name)).toBe(true);
    await remove(name);
  }
});

test('-a attaches the streams that it names', async () => {
  const both = ['sh', '-c', 'echo out; echo err >&2'];
  const run = (...options: string[]) => world.sampan('run', '--rm', ...options, world.image, ...both);
  expect(await run('-a', 'stdout')).toMatchObject({ stdout: 'out\n', stderr: '', status: 0 });
  expect(await run('-a', 'STDERR')).toMatchObject({ stdout: '', stderr: 'err\n' });
  expect(await run('-a', 'stdout', '-a', 'stderr')).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
  expect((await run('-a', 'stdin')).stdout).toMatch(/^[0-9a-f]{64}\n$/);
  expect((await run('-a', 'stdwhat')).stderr).toContain('stdwhat');
  expect((await run('-d', '-a', 'stdout')).stderr).toContain('--attach and --detach');
});

test('-a stdin hands all of the input over, prints the id, and leaves', async () => {
  const fed = await world.call(['run', '-i', '-a', 'stdin', '--name', 'fed', world.image, 'sh', '-c', 'cat; sleep 1'], {
    input: COUNTED,
  });
  expect([fed.status, fed.stdout]).toEqual([0, `${await inspect('fed', '{{.Id}}')}\n`]);
  expect(await inspect('fed', '{{.Config.AttachStdin}} {{.Config.AttachStdout}}')).toBe('true false');
  await world.sampan('wait', 'fed');
  expect((await world.sampan('logs', 'fed')).stdout === COUNTED).toBe(true);
  await remove('fed');
});

test('one that does not read holds the container up; killed, it lets it go, and nothing is lost', async () => {
  await world.sampan('run', '-di', '--name', 'held', world.image, 'sh', '-c', `read go; seq 1 ${COUNT}; exit 3`);
  const idle = Bun.spawn([SAMPAN, 'attach', '--no-stdin', 'held'], {
    stdout: 'pipe',
    env: { PATH: '/usr/bin:/bin', SAMPAN_ROOT: world.root },
  });
  await sleep(700);
  idle.kill('SIGSTOP');
  const reader = world.call(['attach', 'held'], { input: 'go\n' });
  await sleep(700);
  expect(await isRunning('held')).toBe(true);
  idle.kill('SIGKILL');
  const { status, stdout } = await reader;
  expect([status, stdout === COUNTED]).toEqual([3, true]);
  await remove('held');
});

test('the command line may die in a flood: the log has every line', async () => {
  const child = world.spawn(['run', '--name', 'orphan', world.image, 'seq', '1', String(COUNT)]);
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill('SIGKILL');
  await child.exited;
  await world.sampan('wait', 'orphan');
  expect((await world.sampan('logs', 'orphan')).stdout === COUNTED).toBe(true);
  await remove('orphan');
});

test.each(['k8s-file', 'json-file'])(
  '%s: what is logged when a monitor is killed in a flood is what was written, up to then; the next start goes on',
  async (driver) => {
    const script = `echo begin; seq 1 ${COUNT}; sleep 0.1; echo whole`;
    const options = ['--log-driver', driver, '--log-opt', 'max-size=-1', '--name', 'torn'];
    await world.sampan('create', ...options, world.image, 'sh', '-c', script);
    const directory = join(world.root, 'containers', await inspect('torn', '{{.Id}}'));
    for (let round = 0; round < 4; round += 1) {
      await world.sampan('start', 'torn');
      await sleep(15 * round);
      process.kill(Number(readFileSync(join(directory, 'lock'), 'utf8').split(' ')[0]), 'SIGKILL');
      for (let tries = 0; (await inspect('torn', '{{.State.Status}}')) !== 'dead'; tries += 1) {
        expect(tries).toBeLessThan(200);
        await sleep(20);
      }
    }
    await world.sampan('start', '-a', 'torn');
    const runs = (await world.sampan('logs', 'torn')).stdout.split('begin\n').slice(1);
    expect(runs.at(-1) === `${COUNTED}whole\n`).toBe(true);
    // A line that was torn has got an end.
    for (const run of runs)
      expect(`${COUNTED}whole\n`.startsWith(run) || COUNTED.startsWith(run.slice(0, -1))).toBe(true);
    await remove('torn');
  },
);

test('nothing is left of all that', async () => {
  await sleep(300);
  expect(world.leftovers()).toEqual([]);
});
