import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attackWorld, compileAttack, type AttackWorld } from './attack.ts';

const MILLISECONDS = 5000;

let world: AttackWorld;
let volume: string;
let source: string;
beforeAll(() => {
  world = attackWorld();
  compileAttack('swap', join(world.rootfs, 'bin'));
  volume = join(world.directory, 'volume');
  source = join(world.directory, 'source');
  mkdirSync(join(volume, 'a'), { recursive: true });
  mkdirSync(source);
  writeFileSync(join(source, 'planted'), 'planted');
  symlinkSync(world.prey.directory, join(volume, 'b'));
});
afterAll(() => world[Symbol.dispose]());

/** The device and inode of everything that is mounted below the prey, by the host's own table. */
const hostMounts = (): string => readFileSync('/proc/self/mountinfo', 'utf8');

test('a sibling that swaps a directory of a shared volume for a link cannot lead a mount out (CVE-2021-30465)', async () => {
  const share = { destination: '/volume', type: 'bind', source: volume, options: ['rbind'] };
  world.configure(['/bin/swap', String(MILLISECONDS), '/volume/a', '/volume/b'], (spec) => {
    spec.mounts?.push(share);
  });
  const before = hostMounts();
  const attacker = world.start('run', 'attacker');
  while (world.oci('state', 'attacker').status !== 0) await Bun.sleep(5);
  const until = Date.now() + MILLISECONDS - 200;
  const outcomes = { inside: 0, refused: 0 };
  for (let round = 0; Date.now() < until; round++) {
    // The victim sees what it has mounted at the place that it was promised, or does not start.
    world.configure(['sh', '-c', `cat /volume/a/deep/planted /volume/b/deep/planted /proc/self/mountinfo`], (spec) => {
      spec.mounts?.push(share, { destination: '/volume/a/deep', type: 'bind', source, options: ['rbind'] });
    });
    const { stdout } = world.oci('run', `victim-${round}`);
    outcomes[stdout.includes('/volume/') ? 'inside' : 'refused']++;
    expect(stdout).not.toContain(world.prey.secret);
    expect(stdout).not.toContain(` ${world.prey.directory}/deep `);
    expect(world.prey.changes()).toEqual([]);
  }
  expect((await attacker.ended).stdout).toMatch(/^swapped \d{4,}$/m);
  expect(outcomes.inside).toBeGreaterThan(10);
  expect(hostMounts()).toBe(before);
}, 30_000);
