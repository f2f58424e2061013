import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPAN } from '#tools/places.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  const change =
    'echo made >/etc/made; rm /etc/group; rm -r /home; mkdir /home; echo new >/home/new; chown 1000:50 /etc/made';
  await world.sampan('run', '--name', 'box', world.image, 'sh', '-c', change);
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const place = (name: string): string => join(world.root, name);

test('What the container sees is exported, to a file and to a pipe, and imported it runs', async () => {
  const file = place('box.tar');
  expect(await world.sampan('export', '-o', file, 'box')).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const names = execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).split('\n');
  expect(names).toContain('home/new');
  for (const gone of ['home/app/', 'etc/group']) expect(names).not.toContain(gone);
  expect(execFileSync('tar', ['--numeric-owner', '-tvf', file, 'etc/made'], { encoding: 'utf8' })).toContain(
    ' 1000/50 ',
  );
  const line =
    '"$0" --root "$1" container export box | "$0" --root "$1" import -c "CMD [\\"cat\\", \\"/etc/made\\"]" - copy:1';
  expect(spawnSync('bash', ['-o', 'pipefail', '-c', line, SAMPAN, world.root]).status).toBe(0);
  expect((await world.sampan('run', '--rm', 'copy:1')).stdout).toBe('made\n');
  expect((await world.sampan('run', '--rm', 'copy:1', 'ls', '/home')).stdout).toBe('new\n');
  await world.sampan('rmi', 'copy:1');
});

test('A running container, and one of the plain-copy snapshotter, are exported as well', async () => {
  await world.sampan('run', '-d', '--name', 'runs', world.image, 'sh', '-c', 'echo x >/x; exec sleep 100');
  await world.sampan('--snapshotter', 'copy', 'run', '--name', 'copied', world.image, 'sh', '-c', 'echo x >/x');
  for (const name of ['runs', 'copied']) {
    const file = place(`${name}.tar`);
    expect((await world.sampan('export', name, '-o', file)).status).toBe(0);
    expect(execFileSync('tar', ['-xOf', file, 'x'], { encoding: 'utf8' })).toBe('x\n');
    await world.sampan('rm', '-f', name);
  }
});

test('What cannot be exported is said, and no file is left', async () => {
  expect((await world.sampan('export', '-o', place('n.tar'), 'nonesuch')).status).toBe(3);
  expect((await world.sampan('export', '-o', place('no/n.tar'), 'box')).status).toBe(2);
  expect((await world.sampan('export')).status).toBe(125);
  const line = '"$0" --root "$1" export box | head -c 100 >/dev/null; exit ${PIPESTATUS[0]}';
  expect(spawnSync('bash', ['-c', line, SAMPAN, world.root]).status).not.toBe(0);
  expect(readdirSync(world.root).filter((name) => name.includes('n.tar'))).toEqual([]);
  expect(readdirSync(place('work'))).toEqual([]);
});

test('Killed at any moment, it leaves nothing after the next one', async () => {
  for (let round = 0; round < 10; round += 1) {
    const child = world.spawn(['export', '-o', '/dev/null', 'box']);
    await sleep(round * 12);
    child.kill('SIGKILL');
    await child.exited;
  }
  expect((await world.sampan('export', '-o', '/dev/null', 'box')).status).toBe(0);
  expect(readdirSync(place('work'))).toEqual([]);
});
