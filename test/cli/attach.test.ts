import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPAN } from '#tools/places.ts';
import { sampanAtTerminal } from './at-terminal.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const remove = (...names: string[]): Promise<unknown> => world.sampan('rm', '-f', ...names);
const isRunning = async (name: string): Promise<boolean> =>
  (await world.sampan('inspect', '-f', '{{.State.Running}}', name)).stdout === 'true\n';

test('several attached at once see the same bytes and end with the status', async () => {
  await world.sampan(
    'run',
    '-d',
    '--name',
    'shared',
    world.image,
    'sh',
    '-c',
    'trap "for i in 1 2 3; do echo out\\$i; echo err\\$i >&2; done; exit 6" USR1; while :; do sleep 0.05; done',
  );
  const watchers = [1, 2, 3].map(() => world.spawn(['attach', '--no-stdin', 'shared']));
  await sleep(1000);
  await world.sampan('kill', '-s', 'USR1', 'shared');
  for (const watcher of watchers) {
    expect(await new Response(watcher.stdout).text()).toBe('out1\nout2\nout3\n');
    expect(await new Response(watcher.stderr).text()).toBe('err1\nerr2\nerr3\n');
    expect(await watcher.exited).toBe(6);
  }
  await remove('shared');
});

test('what is piped in reaches the program, whose input stays open for the next', async () => {
  await world.sampan(
    'run',
    '-di',
    '--name',
    'ear',
    world.image,
    'sh',
    '-c',
    'while read -r line; do echo "got $line"; done',
  );
  const first = Bun.spawn([SAMPAN, 'attach', 'ear'], {
    stdin: Buffer.from('one\n'),
    stdout: 'pipe',
    env: { PATH: '/usr/bin:/bin', SAMPAN_ROOT: world.root },
  });
  for (let tries = 0; !(await world.sampan('logs', 'ear')).stdout.includes('got one'); tries += 1) {
    expect(tries).toBeLessThan(100);
    await sleep(20);
  }
  expect(await isRunning('ear')).toBe(true);
  first.kill('SIGKILL');
  await remove('ear');
});

test('attached without its input or its signals, the container is left alone', async () => {
  await world.sampan('run', '-d', '--name', 'calm', world.image, 'sleep', '1000');
  const watcher = world.spawn(['attach', '--sig-proxy=false', 'calm']);
  await sleep(500);
  watcher.kill('SIGTERM');
  await watcher.exited;
  expect(await isRunning('calm')).toBe(true);
  await remove('calm');
});

test('signals reach the container as a rule', async () => {
  await world.sampan(
    'run',
    '-d',
    '--name',
    'heeds',
    world.image,
    'sh',
    '-c',
    'trap "exit 5" TERM; while :; do sleep 0.05; done',
  );
  const watcher = world.spawn(['attach', 'heeds']);
  await sleep(700);
  watcher.kill('SIGTERM');
  expect(await watcher.exited).toBe(5);
  await remove('heeds');
});

test('attach refuses what does not run, what is paused, and keys that are none', async () => {
  await world.sampan('create', '--name', 'still', world.image, 'sleep', '1000');
  expect((await world.sampan('attach', 'still')).status).toBe(5);
  expect((await world.sampan('attach', 'no-such')).status).toBe(3);
  await world.sampan('start', 'still');
  await world.sampan('pause', 'still');
  expect((await world.sampan('attach', 'still')).stderr).toContain('paused');
  expect((await world.sampan('attach', '--detach-keys', 'ctrl-', 'still')).status).toBe(2);
  await remove('still');
});

test('the detach keys leave run -it running; attach with other keys finds it and leaves it, too', async () => {
  const begun = await sampanAtTerminal(
    world.root,
    ['run', '-it', '--name', 'desk', world.image, 'sh'],
    async (person) => {
      await person.seen('/ #');
      person.type('echo begun-$((40+2))\r');
      await person.seen('begun-42');
      person.type('\u0010\u0011');
      await person.seen('read escape sequence');
    },
  );
  expect(begun).toMatchObject({ status: 0, cooked: true });
  expect(await isRunning('desk')).toBe(true);
  const joined = await sampanAtTerminal(
    world.root,
    ['attach', '--detach-keys', 'ctrl-x,x', 'desk'],
    async ({ type, seen, resize }) => {
      resize(33, 77);
      await Bun.sleep(500);
      type('stty size\r');
      await seen('33 77');
      type('echo later-$((1+1))\r');
      await seen('later-2');
      type('\u0018x');
      await seen('read escape sequence');
    },
  );
  expect(joined).toMatchObject({ status: 0, cooked: true });
  expect(await isRunning('desk')).toBe(true);
  await remove('desk');
});

test('the terminal is itself again when the container ends, or is killed', async () => {
  await world.sampan('run', '-dit', '--name', 'tube', world.image, 'sh');
  const { status, cooked } = await sampanAtTerminal(world.root, ['attach', 'tube'], async ({ seen, type }) => {
    await Bun.sleep(500);
    type('echo ready-$((1+2))\r');
    await seen('ready-3');
    await world.sampan('kill', 'tube');
  });
  expect([status, cooked]).toEqual([137, true]);
  await remove('tube');
});

test('start -a joins one that runs already, and takes one container', async () => {
  await world.sampan('run', '-d', '--name', 'runs', world.image, 'sh', '-c', 'sleep 1.5; echo end; exit 8');
  expect(await world.sampan('start', '-a', 'runs')).toMatchObject({ status: 8, stdout: 'end\n' });
  expect((await world.sampan('start', '-a', 'runs', 'runs')).status).toBe(125);
  await remove('runs');
});

test('start -ai feeds what run -i made', async () => {
  await world.sampan('create', '-i', '--name', 'echoes', world.image, 'cat');
  expect(await world.call(['start', '-ai', 'echoes'], { input: 'in and out\n' })).toMatchObject({
    status: 0,
    stdout: 'in and out\n',
  });
  await remove('echoes');
});

test('exec and run take variables from a file, and refuse a file that is none', async () => {
  const file = join(world.root, 'variables');
  writeFileSync(file, '# comment\n\nPLAIN=a b\n  QUOTED="x"\nFROM_HERE\nABSENT\nOVER=file\n');
  await world.sampan('run', '-d', '--name', 'vars', world.image, 'sleep', '1000');
  const flags = ['--env-file', file, '-e', 'OVER=flag'];
  const env = { FROM_HERE: 'caller' };
  const line = 'echo "$PLAIN|$QUOTED|$FROM_HERE|${ABSENT-none}|$OVER"';
  const wanted = 'a b|"x"|caller|none|flag\n';
  expect((await world.call(['exec', ...flags, 'vars', 'sh', '-c', line], { env })).stdout).toBe(wanted);
  expect((await world.call(['run', '--rm', ...flags, world.image, 'sh', '-c', line], { env })).stdout).toBe(wanted);
  writeFileSync(file, 'TWO WORDS=1\n');
  const bad = await world.sampan('exec', '--env-file', file, 'vars', 'true');
  expect([bad.status, bad.stderr]).toEqual([125, expect.stringContaining('has blanks in it')]);
  expect((await world.sampan('exec', '--env-file', '/no/such', 'vars', 'true')).status).toBe(125);
  await remove('vars');
});

test('the detach keys leave what exec -t runs, which goes on with its terminal', async () => {
  await world.sampan('run', '-d', '--name', 'den', world.image, 'sleep', '1000');
  const script =
    'while read -r line; do echo "got $line"; [ "$line" = last ] && break; done; sleep 1; echo more; tty > /on';
  const keys = ['--detach-keys', 'a,a,b'];
  const { status, cooked, shown } = await sampanAtTerminal(
    world.root,
    ['exec', '-it', ...keys, 'den', 'sh', '-c', script],
    async ({ type, seen }) => {
      await Bun.sleep(500);
      type('xaay\r');
      await seen('got xaay');
      type('aaab');
      await seen('read escape sequence');
    },
  );
  expect([status, cooked]).toEqual([0, true]);
  expect(shown).not.toContain('aaab');
  expect((await world.sampan('top', 'den', '-o', 'args')).stdout).toContain('while read');
  const plain = await sampanAtTerminal(
    world.root,
    ['exec', '-it', 'den', 'sh', '-c', 'read x; exit 3'],
    async ({ type }) => {
      await Bun.sleep(500);
      type('\u0010q\r');
    },
  );
  expect([plain.status, plain.cooked]).toEqual([3, true]);
  await remove('den');
});

test('exec --detach leaves a program behind, in the place and as the user asked for', async () => {
  await world.sampan('run', '-d', '--name', 'host', world.image, 'sleep', '1000');
  const call = [
    'exec',
    '-d',
    '-u',
    '1000:1000',
    '-w',
    '/tmp',
    'host',
    'sh',
    '-c',
    'id -u > /tmp/who; pwd >> /tmp/who; sleep 50',
  ];
  expect(await world.sampan(...call)).toMatchObject({ status: 0, stdout: '' });
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await world.sampan('exec', 'host', 'cat', '/tmp/who')).stdout === '1000\n/tmp\n') break;
    expect(tries).toBeLessThan(99);
    await sleep(20);
  }
  expect((await world.sampan('top', 'host', '-o', 'args')).stdout).toContain('sleep 50');
  expect((await world.sampan('exec', '-d', 'host', '/no/such')).status).toBe(127);
  await remove('host');
  expect(world.leftovers()).toEqual([]);
});
