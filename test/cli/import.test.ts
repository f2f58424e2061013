import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let archive: string;
beforeAll(async () => {
  world = await cliWorld();
  const tree = join(world.root, 'tree');
  mkdirSync(tree);
  writeBusyboxTree(tree);
  archive = join(world.root, 'rootfs.tar');
  execFileSync('tar', ['-C', tree, '-cf', archive, '.']);
  rmSync(tree, { recursive: true });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

test('A root file system becomes an image that runs, whatever it is compressed with', async () => {
  const changes = ['-c', 'CMD ["sh", "-c", "echo $A"]', '--change', 'ENV A=1 PATH=/bin', '-m', 'made by hand'];
  for (const [program, ...options] of [['cat'], ['gzip', '-1'], ['zstd', '-1', '-q', '-c']]) {
    const input = execFileSync(program ?? '', options, { input: readFileSync(archive), maxBuffer: 1e9 });
    const imported = await world.call(['import', ...changes, '-', 'made/by:hand'], { input });
    expect({ ...imported, stdout: '' }).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
    expect(imported.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect((await world.sampan('run', '--rm', 'made/by:hand')).stdout).toBe('1\n');
    expect((await world.sampan('history', '--format', '{{.Comment}}', 'made/by:hand')).stdout).toBe('made by hand\n');
    await world.sampan('rmi', '-f', imported.stdout.trim());
  }
  const id = (await world.sampan('image', 'import', archive)).stdout.trim();
  expect((await world.sampan('run', '--rm', id, 'ls', '/etc/passwd')).stdout).toBe('/etc/passwd\n');
  expect((await world.sampan('history', '--format', '{{.Comment}}', id)).stdout).toBe(`Imported from ${archive}\n`);
  const [diffId] = JSON.parse(
    (await world.sampan('image', 'inspect', '-f', '{{json .RootFS.Layers}}', id)).stdout,
  ) as string[];
  expect(diffId).toBe(`sha256:${execFileSync('sha256sum', [archive], { encoding: 'utf8' }).slice(0, 64)}`);
  await world.sampan('rmi', id);
});

test('What cannot be imported is refused and leaves nothing', async () => {
  const junk = join(world.root, 'junk');
  writeFileSync(junk, 'junk'.repeat(1000));
  const cases: [string[], number, string][] = [
    [['import'], 125, 'argument'],
    [['import', join(world.root, 'nonesuch')], 3, 'nonesuch'],
    [['import', junk], 9, 'archive'],
    [['import', '/dev/null'], 9, 'empty'],
    [['import', archive, 'UPPER'], 2, 'lower case'],
    [['import', '-c', 'RUN x', archive], 2, 'RUN x'],
    [['import', 'https://example.org/x.tar'], 8, 'curl'],
  ];
  for (const [args, status, text] of cases) {
    const outcome = await world.sampan(...args);
    expect({ args, status: outcome.status }).toEqual({ args, status });
    expect(outcome.stderr).toContain(text);
  }
  expect((await world.sampan('images', '-q')).stdout).toBe('');
  expect(readdirSync(join(world.root, 'work'))).toEqual([]);
});

test('Killed at any moment, it leaves nothing after the next one', async () => {
  for (let round = 0; round < 12; round += 1) {
    const child = world.spawn(['import', archive, 'killed:1']);
    await sleep(round * 12);
    child.kill('SIGKILL');
    await child.exited;
  }
  expect((await world.sampan('import', archive, 'killed:1')).status).toBe(0);
  expect(readdirSync(join(world.root, 'work'))).toEqual([]);
  expect((await world.sampan('run', '--rm', 'killed:1', 'echo', 'x')).stdout).toBe('x\n');
  expect((await world.sampan('image', 'prune', '-af')).status).toBe(0);
  expect(
    execFileSync('find', [join(world.root, 'blobs'), join(world.root, 'snapshots'), '-type', 'f'], {
      encoding: 'utf8',
    }),
  ).toBe('');
});
