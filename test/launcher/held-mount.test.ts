import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUN, LAUNCHER, TREE } from '#tools/places.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'sampan-held-'));
  mkdirSync(join(scratch, 'point'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Holds a mount of nothing and says where it is found. */
const HOLDER = `
  import { holdMount } from '#kernel/held-mount.ts';
  const [binary, scratch] = process.argv.slice(-2);
  const held = await holdMount(binary, scratch, [], scratch + '/point');
  console.log(held.path);
  setInterval(() => undefined, 1000);
`;

test('a mount is held no longer than who holds it lives', async () => {
  const holder = Bun.spawn([BUN, '-e', HOLDER, LAUNCHER, scratch], { cwd: TREE, stdout: 'pipe', stderr: 'inherit' });
  const { value } = await holder.stdout.getReader().read();
  const process = /^\/proc\/\d+/.exec(new TextDecoder().decode(value))?.[0] ?? '';
  expect(existsSync(`${process}/exe`)).toBe(true);
  holder.kill('SIGKILL');
  await holder.exited;
  // What is left of an orphan that nobody reaps has no program.
  for (let tries = 0; tries < 50 && existsSync(`${process}/exe`); tries += 1) await sleep(20);
  expect(existsSync(`${process}/exe`)).toBe(false);
});
