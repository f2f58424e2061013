import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from './world.ts';

/** The head of a program for a machine that nobody has an emulator of: Motorola 68000, or whatever number it is. */
function foreignProgram(machine: number): Uint8Array {
  const head = Buffer.alloc(4096);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(machine, 18);
  return head;
}
const RISCV = 243;

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  const tree = join(world.root, 'tree');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  writeFileSync(join(tree, 'bin', 'program'), foreignProgram(RISCV), { mode: 0o755 });
  const packed = join(world.root, 'tree.tar');
  Bun.spawnSync(['tar', '-C', tree, '-cf', packed, '.']);
  expect((await world.sampan('import', '--platform', 'linux/riscv64', packed, 'foreign:1')).status).toBe(0);
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

test('an image for other machines is run when that is asked, and says so when it was not', async () => {
  const asked = await world.sampan('create', '--platform', 'linux/riscv64', 'foreign:1', '/bin/program');
  expect([asked.status, asked.stderr]).toEqual([0, '']);
  await world.sampan('rm', asked.stdout.trim());
  const plain = await world.sampan('create', 'foreign:1', '/bin/program');
  expect(plain.stderr).toMatch(/^WARNING: The requested image's platform \(linux\/riscv64\) does not match/);
  await world.sampan('rm', plain.stdout.trim());
  const other = await world.sampan('create', '--pull', 'never', '--platform', 'linux/s390x', 'foreign:1', 'x');
  expect([other.status, other.stdout]).toEqual([125, '']);
});

test('without an emulator the program is refused by its architecture, with what to install', async () => {
  const words = ['run', '--rm', '--platform', 'linux/riscv64', 'foreign:1', '/bin/program'];
  const { status, stderr } = await world.sampan(...words);
  expect(status).toBe(126);
  expect(stderr).toContain('/bin/program is a program for riscv, this machine is');
  expect(stderr).toContain('exec format error');
  expect(stderr).toContain('qemu-user-static');
  expect(world.leftovers()).toEqual([]);
});
