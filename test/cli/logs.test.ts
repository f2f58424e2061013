/** `logs` and the log drivers, as a user meets them. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { calls } from './calls.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const { remove, inspect } = calls(() => world);
const started = (name: string, options: readonly string[], script: string) =>
  world.sampan('run', '-d', '--name', name, ...options, world.image, 'sh', '-c', script);
const ended = (name: string): Promise<unknown> => world.sampan('wait', name);

const MIXED = 'echo one; echo err >&2; sleep 0.1; printf "two parts: "; sleep 0.2; echo end; printf unfinished';

test.each(['k8s-file', 'json-file', 'local'])('%s: all options of logs', async (driver) => {
  await started('mixed', ['--log-driver', driver, '--label', 'team=a b', '--log-opt', 'labels=team'], MIXED);
  await ended('mixed');
  const logs = (...options: string[]) => world.sampan('logs', ...options, 'mixed');
  expect(await logs()).toMatchObject({ stdout: 'one\ntwo parts: end\nunfinished', stderr: 'err\n', status: 0 });
  expect((await logs('--tail', '2')).stdout).toBe('two parts: end\nunfinished');
  expect((await logs('-n', '0')).stdout).toBe('');
  expect((await logs('--details', '--tail', '2')).stdout).toBe('team=a+b two parts: end\nteam=a+b unfinished');
  expect((await logs('--names', '--tail', '2')).stdout).toBe('mixed two parts: end\nmixed unfinished');
  const stamped = (await logs('-t')).stdout.split('\n');
  for (const line of stamped) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z \S/);
  const middle = stamped[1]?.slice(0, 23) ?? '';
  expect((await logs('--since', `${middle}Z`)).stdout).toBe('two parts: end\nunfinished');
  expect((await logs('--since', `${middle}Z`, '--tail', '1')).stdout).toBe('unfinished');
  expect((await logs('--until', stamped[0]?.slice(0, 30) ?? '')).stdout).toBe('one\n');
  expect((await logs('--follow')).stdout).toBe('one\ntwo parts: end\nunfinished');
  await remove('mixed');
});

test('several containers, one after the other or followed together', async () => {
  await started('first', [], 'echo a; sleep 0.5; echo b');
  await started('second', [], 'sleep 0.2; echo c');
  const { stdout } = await world.sampan('logs', '-f', '--names', 'first', 'second');
  expect(stdout.split('\n').filter(Boolean).toSorted()).toEqual(['first a', 'first b', 'second c']);
  expect((await world.sampan('logs', 'second', 'first')).stdout).toBe('c\na\nb\n');
  expect((await world.sampan('logs', 'first', 'no-such')).status).toBe(3);
  await remove('first', 'second');
});

test('json-file writes what docker writes, with the attributes that were asked for', async () => {
  const options = ['env=A', 'labels=l', 'tag={{.Name}}'].flatMap((option) => ['--log-opt', option]);
  const more = ['--log-driver', 'json-file', '-e', 'A=1', '-l', 'l=2'];
  await started('json', [...more, ...options], String.raw`printf 'a"\\\t\303\251\n'`);
  await ended('json');
  const line = readFileSync(await inspect('json', '{{.LogPath}}'), 'utf8');
  expect(JSON.parse(line)).toEqual({
    log: 'a"\\\t\u00e9\n',
    stream: 'stdout',
    attrs: { A: '1', l: '2', tag: 'json' },
    time: expect.stringMatching(/Z$/) as string,
  });
  expect((await world.sampan('logs', 'json')).stdout).toBe('a"\\\t\u00e9\n');
  await remove('json');
});

test('what is chosen is seen by inspect, and every log is bounded unless it is said', async () => {
  const format = '{{json .HostConfig.LogConfig}}';
  await world.sampan('create', '--name', 'usual', world.image, 'true');
  expect(JSON.parse(await inspect('usual', format))).toEqual({
    Type: 'k8s-file',
    Config: { 'max-size': '10m', 'max-file': '5' },
  });
  const path = join(world.root, 'elsewhere.log');
  const options = ['--log-driver', 'json-file', '--log-opt', 'max-size=1k', '--log-opt', `path=${path}`];
  await started(
    'own',
    [...options, '--log-opt', 'max-file=2'],
    'for i in 1 2 3 4 5 6 7 8 9; do for j in 1 2 3; do echo line $i $j; done; done',
  );
  await ended('own');
  expect(await inspect('own', '{{.LogPath}}')).toBe(path);
  expect([existsSync(path), existsSync(`${path}.1`), existsSync(`${path}.2`)]).toEqual([true, true, false]);
  expect((await world.sampan('logs', 'own')).stdout).toEndWith('line 9 2\nline 9 3\n');
  await remove('usual', 'own');
});

test('none keeps nothing, and logs says so', async () => {
  await started('silent', ['--log-driver', 'none'], 'echo unheard');
  await ended('silent');
  expect(await world.sampan('logs', 'silent')).toMatchObject({
    status: 5,
    stderr: expect.stringContaining('--log-driver none') as string,
  });
  expect(await inspect('silent', '{{.LogPath}}')).toBe('');
  await remove('silent');
});

test('what makes no sense is refused before anything is made', async () => {
  const refused = (...options: string[]) => world.sampan('create', ...options, world.image);
  for (const [options, words] of [
    [['--log-driver', 'jsonfile'], 'Is "json-file" meant?'],
    [['--log-opt', 'max-sise=1m'], 'max-sise'],
    [['--log-opt', 'max-size=many'], 'many'],
    [['--log-opt', 'max-file'], 'max-file'],
    [['--log-driver', 'none', '--log-opt', 'max-size=1m'], 'max-size'],
    [['--log-opt', 'compress=true'], 'compress'],
  ] as const) {
    const { status, stderr } = await refused(...options);
    expect([status, stderr]).toEqual([125, expect.stringContaining(words)]);
  }
  expect((await world.sampan('ps', '-aq')).stdout).toBe('');
});

test('the configuration file says how a container logs that was not told', async () => {
  const file = join(world.root, 'config.toml');
  writeFileSync(file, '[logs]\ndriver = "json-file"\nmax_size = "2m"\nmax_file = 3\n');
  const env = { SAMPAN_CONFIG: file };
  await world.call(['run', '--name', 'told', world.image, 'echo', 'x'], { env });
  await world.call(['create', '--name', 'asked', '--log-driver', 'local', world.image], { env });
  expect(await inspect('told', '{{json .HostConfig.LogConfig}}')).toBe(
    '{"Type":"json-file","Config":{"max-size":"2m","max-file":"3"}}',
  );
  expect(await inspect('asked', '{{.HostConfig.LogConfig.Type}}')).toBe('local');
  writeFileSync(file, '[logs]\ndriver = "jsonfile"\n');
  const bad = await world.call(['run', world.image, 'true'], { env });
  expect(bad.stderr).toContain('logs.driver');
  expect(bad.status).not.toBe(0);
  await remove('told', 'asked');
});

/** Lines 0 to `count`, in bursts, so that a follower sees several rotations at once. */
const COUNTING = (count: number): string =>
  `i=0; while [ $i -lt ${count} ]; do echo "line $i ................................................"; i=$((i+1)); done`;

const numbers = (text: string): number[] => [...text.matchAll(/^line (\d+) /gm)].map((found) => Number(found[1]));

test('logs -f follows across rotations and neither loses nor repeats a line', async () => {
  // So many files that none goes.
  const options = ['--log-opt', 'max-size=8k', '--log-opt', 'max-file=999'];
  await started('turning', options, `sleep 0.5; ${COUNTING(20_000)}`);
  const follower = await world.sampan('logs', '-f', 'turning');
  expect(follower.stderr).toBe('');
  const seen = numbers(follower.stdout);
  expect(seen.length).toBe(20_000);
  expect(seen.every((number, index) => number === index)).toBe(true);
  expect(
    Number(readFileSync(join(world.root, 'containers', await inspect('turning', '{{.Id}}'), 'rotated'), 'utf8')),
  ).toBeGreaterThan(200);
  await remove('turning');
});

test('where the bound drops lines before they are read, that is said and the rest is in order', async () => {
  await started('hasty', ['--log-opt', 'max-size=4k', '--log-opt', 'max-file=2'], `sleep 0.5; ${COUNTING(50_000)}`);
  const follower = world.spawn(['logs', '-f', 'hasty']);
  await sleep(1000);
  follower.kill('SIGSTOP');
  await ended('hasty');
  follower.kill('SIGCONT');
  const [stdout, stderr] = await Promise.all([
    new Response(follower.stdout).text(),
    new Response(follower.stderr).text(),
  ]);
  const seen = numbers(stdout);
  expect({ last: seen.at(-1), stderr }).toEqual({ last: 49_999, stderr: expect.stringContaining('missing here') });
  expect(seen.length).toBeLessThan(50_000);
  for (let at = 1; at < seen.length; at += 1) expect(seen[at]).toBeGreaterThan(seen[at - 1] ?? -1);
  expect(stderr).toMatch(/^WARNING: lines of hasty are missing here: \S+ files? of its log/);
  await remove('hasty');
});

test('the last lines of a long log are found without reading all of it', async () => {
  await started('long', ['--log-opt', 'max-size=64k', '--log-opt', 'max-file=99'], COUNTING(5000));
  await ended('long');
  expect(numbers((await world.sampan('logs', '-n', '3', 'long')).stdout)).toEqual([4997, 4998, 4999]);
  expect(numbers((await world.sampan('logs', '-n', '4000', 'long')).stdout)).toEqual(
    Array.from({ length: 4000 }, (_, at) => at + 1000),
  );
  await remove('long');
});

test('binary output comes back as it was', async () => {
  mkdirSync(join(world.root, 'data'), { recursive: true });
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7919 + (at >> 8)) % 256));
  writeFileSync(join(world.root, 'data', 'bytes'), bytes);
  await world.sampan('run', '--name', 'raw', '-v', `${world.root}/data:/data:ro`, world.image, 'cat', '/data/bytes');
  const child = world.spawn(['logs', 'raw']);
  expect(Buffer.from(await new Response(child.stdout).arrayBuffer()).equals(bytes)).toBe(true);
  await remove('raw');
  expect(world.leftovers()).toEqual([]);
});
