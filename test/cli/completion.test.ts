/** The scripts in real shells, and the names that they offer. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { SAMPAN } from '#tools/places.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect((await world.sampan('pull', '-q', world.image)).status).toBe(0);
  expect((await world.sampan('run', '--name', 'finished', world.image, 'true')).status).toBe(0);
});
afterAll(() => world[Symbol.asyncDispose]());

/** What bash offers for a line with the cursor at its end. */
function inBash(line: string): string[] {
  const script = `source <('${SAMPAN}' completion bash)
    COMP_LINE=$1 COMP_POINT=\${#1}; _sampan; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', line], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

test('bash: commands, options, containers, images', () => {
  const sampan = `${SAMPAN} --root ${world.root}`;
  expect(inBash(`${SAMPAN} imag`)).toEqual(['images', 'image']);
  expect(inBash(`${sampan} rm --fo`)).toEqual(['--force']);
  expect(inBash(`${sampan} logs `)).toEqual(['finished']);
  const [host = ''] = world.image.split(':');
  // What stands after the colon is a word of its own to bash.
  expect(inBash(`${sampan} run ${host.slice(0, 3)}`)).toEqual([world.image]);
  expect(inBash(`${sampan} run ${host}:`)).toEqual([world.image.slice(host.length + 1)]);
});

test('bash: names of files where they may come', () => {
  const file = join(world.root, 'archive.tar');
  writeFileSync(file, '');
  expect(inBash(`${SAMPAN} load -i ${join(world.root, 'arch')}`)).toEqual([file]);
});

test.each(['bash', 'zsh', 'fish'])('%s can read its script', (shell) => {
  const { status, stdout } = spawnSync(SAMPAN, ['completion', shell], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout).toContain('__complete');
  if (Bun.which(shell) === null) return;
  expect(spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

test('Another shell is refused, and a mistyped command gets a suggestion', async () => {
  expect(await world.sampan('completion', 'tcsh')).toMatchObject({ status: 125 });
  const { status, stderr } = await world.sampan('pulll');
  expect(status).toBe(125);
  expect(stderr).toContain("Did you mean 'sampan pull'?");
  expect((await world.sampan('image', 'prun')).stderr).toContain("Did you mean 'sampan image prune'?");
});

test('A group lists its commands', async () => {
  for (const line of [['image'], ['image', '--help'], ['help', 'image']]) {
    const { status, stdout } = await world.sampan(...line);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\n {2}prune +Remove images/);
    expect(stdout).toMatch(/\n {2}pull +Download/);
  }
});
