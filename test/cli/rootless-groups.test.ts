/** Control groups that root has given an ordinary user: what the engine can do with them. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HAS_V1, hierarchies } from '#test/rootless/hierarchies.ts';
import { SAMPAN } from '#tools/places.ts';
import { rootlessWorld, type RootlessWorld } from './rootless-world.ts';

const GROUP = `sampan-test-engine-${process.pid}`;
const groups = hierarchies().map((mount) => join(mount, GROUP));
let world: RootlessWorld;

beforeAll(async () => {
  world = await rootlessWorld();
  for (const group of groups) {
    mkdirSync(group);
    for (const file of ['cpuset.cpus', 'cpuset.mems'])
      if (existsSync(join(group, file))) writeFileSync(join(group, file), readFileSync(join(group, '..', file)));
    for (const path of [group, join(group, 'tasks'), join(group, 'cgroup.procs')])
      chownSync(path, world.uid, world.gid);
  }
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0, stderr: '' });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  for (const group of groups) rmdirSync(group);
});

/** From within these groups. */
const within = (...args: string[]) =>
  world.as(
    'sh',
    '-c',
    `for group; do [ "$group" = -- ] && break; echo $$ >$group/cgroup.procs; shift; done; shift; exec "$@"`,
    'sh',
    ...groups,
    '--',
    SAMPAN,
    ...args,
  );
const below = (): string[] =>
  groups.flatMap((group) =>
    readdirSync(group, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])),
  );

test.skipIf(!HAS_V1)('limits, pause, update, stats and the end of all processes; nothing is left', async () => {
  const RIGHT = { status: 0, stderr: '' };
  const words = ['run', '-d', '--name', 'held', '--network', 'none', '--pids-limit', '20', world.image];
  expect(await within(...words, 'sh', '-c', 'sleep 60 & wait')).toMatchObject(RIGHT);
  expect(new Set(below()).size).toBe(1);
  const pids = groups.map((group) => join(group, below()[0] ?? '', 'pids.max')).find((path) => existsSync(path)) ?? '';
  expect(readFileSync(pids, 'utf8')).toBe('20\n');
  // From another group: what was made is noted with the container.
  expect(await world.sampan('update', '--pids-limit', '30', 'held')).toMatchObject(RIGHT);
  expect(readFileSync(pids, 'utf8')).toBe('30\n');
  expect(await world.sampan('pause', 'held')).toMatchObject(RIGHT);
  expect((await world.sampan('ps')).stdout).toContain('(Paused)');
  expect(await world.sampan('unpause', 'held')).toMatchObject(RIGHT);
  expect((await world.sampan('stats', '--no-stream', '--format', '{{.PIDs}}', 'held')).stdout).toBe('2\n');
  expect((await world.sampan('rm', '-f', 'held')).status).toBe(0);
  expect(below()).toEqual([]);
});
