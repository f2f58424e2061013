/** kill -9 of an ordinary user's commands and monitors: the next command clears up, and the namespace is found or made again. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { rootlessWorld, textOf, type RootlessWorld } from './rootless-world.ts';

let world: RootlessWorld;
beforeAll(async () => {
  world = await rootlessWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0, stderr: '' });
});
afterAll(() => world[Symbol.asyncDispose]());

const containers = (): string[] => readdirSync(join(world.home, '.local/share/sampan/containers'));

async function nothingLeft(): Promise<void> {
  for (let round = 0; round < 150; round++) {
    if ((await world.sampan('ps', '-aq')).stdout === '' && world.processes().length === 0) break;
    await Bun.sleep(20);
  }
  expect({ processes: world.processes(), containers: containers() }).toEqual({ processes: [], containers: [] });
}

const DELAYS = (process.env['DELAYS'] ?? '2,10,30,60,120').split(',').map(Number);

test.each(DELAYS)('a run that is killed after %i ms', async (wait) => {
  const command = world.spawn('run', '--rm', '--network', 'none', world.image, 'sleep', '0.2');
  await Bun.sleep(wait);
  command.kill('SIGKILL');
  await command.exited;
  await nothingLeft();
});

test('two that begin at once, one of them killed: the other is in reach', async () => {
  const words = ['run', '-d', '--network', 'none', '--name'];
  const [killed, other] = [
    world.spawn(...words, 'killed', world.image, 'sleep', '60'),
    world.sampan(...words, 'other', world.image, 'sleep', '60'),
  ];
  await Bun.sleep(15);
  killed.kill('SIGKILL');
  await killed.exited;
  expect((await other).status).toBe(0);
  expect(await world.sampan('exec', 'other', 'true')).toMatchObject({ status: 0, stderr: '' });
  await world.sampan('rm', '-f', 'killed');
  expect((await world.sampan('rm', '-f', 'other')).status).toBe(0);
  await nothingLeft();
});

test('a monitor that is killed: its container is ended, without any control group', async () => {
  await world.sampan('run', '-d', '--name', 'alone', '--network', 'none', world.image, 'sleep', '60');
  const [id = ''] = containers();
  const directory = join(world.home, '.local/share/sampan/containers', id);
  const init = Number(textOf(join(directory, 'pid')).split(' ')[0]);
  process.kill(Number(textOf(join(directory, 'lock')).split(' ')[0]), 'SIGKILL');
  const next = await world.sampan('ps', '-a');
  expect(next.stderr).toContain('whose monitor had been killed');
  expect(next.stdout).toContain('Dead');
  for (let round = 0; round < 100 && textOf(`/proc/${init}/cmdline`) !== ''; round++) await Bun.sleep(20);
  expect(textOf(`/proc/${init}/cmdline`)).toBe('');
  expect((await world.sampan('rm', 'alone')).status).toBe(0);
  await nothingLeft();
});
