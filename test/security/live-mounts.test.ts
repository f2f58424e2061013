/** Rules 9 to 15 for mounts that are added while the container runs, and can race us. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attackWorld, compileAttack, type AttackWorld, type Outcome } from './attack.ts';

const MILLISECONDS = 3000;

let world: AttackWorld;
let list: string;
beforeAll(() => {
  world = attackWorld();
  compileAttack('swap', join(world.rootfs, 'bin'));
  const source = join(world.directory, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'planted'), 'planted');
  mkdirSync(join(world.rootfs, 'race/a'), { recursive: true });
  symlinkSync(`${'../'.repeat(30)}${world.prey.directory.slice(1)}`, join(world.rootfs, 'race/b'));
  list = join(world.directory, 'mounts.json');
  writeFileSync(list, JSON.stringify([{ destination: '/race/a/deep', source, options: ['bind'] }]));
});
afterAll(() => world[Symbol.dispose]());

test('a container that swaps the destination for a link leads neither adding nor removing out (rules 9 to 12)', async () => {
  world.configure(['/bin/swap', String(MILLISECONDS), '/race/a', '/race/b'], (spec) => {
    spec.root = { path: 'rootfs', readonly: false };
  });
  const attacker = world.start('run', 'attacker');
  while (!world.oci('state', 'attacker').stdout.includes('"running"')) await Bun.sleep(5);
  const until = Date.now() + MILLISECONDS - 500;
  let added = 0;
  while (Date.now() < until) {
    if (world.oci('mounts', 'add', 'attacker', list).status === 0) added++;
    expect(world.prey.changes()).toEqual([]);
    world.oci('mounts', 'remove', 'attacker', list);
  }
  expect((await attacker.ended).stdout).toMatch(/^swapped \d{2,}$/m);
  expect(added).toBeGreaterThan(3);
  expect(world.prey.changes()).toEqual([]);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(world.directory);
}, 30_000);

test('by a link, a container gets none of the mounts off or writable that confine it (rules 19, 21)', () => {
  world.configure(['sleep', '60'], (spec) => {
    spec.root = { path: 'rootfs', readonly: false };
  });
  expect(world.oci('run', '--detach', 'linker').status).toBe(0);
  const inside = (script: string): string => world.oci('exec', 'linker', 'sh', '-c', script).stdout;
  const file = join(world.directory, 'linked.json');
  const mounts = (action: string, options: string[]): Outcome => {
    const source = join(world.directory, 'source');
    writeFileSync(file, JSON.stringify([{ destination: '/moved/deep', source, options }]));
    return world.oci('mounts', action, 'linker', file);
  };
  expect(mounts('add', ['bind'])).toMatchObject({ status: 0, stderr: '' });
  inside('mv /moved /away; mkdir /moved; ln -s /proc/sys /moved/deep');
  for (const refused of [mounts('remove', []), mounts('add', ['remount', 'bind', 'rw'])]) {
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/^mounts\[0\].*symlink/) });
  }
  expect(inside('grep " /proc/sys " /proc/mounts')).toMatch(/^proc \/proc\/sys proc ro,/);
  expect(world.oci('delete', '--force', 'linker').status).toBe(0);
});

test('nothing of the host is in sight while a mount is added: the container finds no process and no descriptor of ours', () => {
  const script = `i=0; seen=0; while [ $i -lt 40000 ]; do for p in /proc/[0-9]*; do
    case $p in /proc/1|/proc/$$) ;; *) [ "$(cat $p/comm 2>/dev/null)" = launcher ] && seen=1;; esac; done; i=$((i+1)); done; echo seen $seen`;
  world.configure(['sh', '-c', script]);
  const watching = world.start('run', 'watcher');
  while (!world.oci('state', 'watcher').stdout.includes('"running"')) Bun.sleepSync(5);
  const dev = join(world.directory, 'dev.json');
  const mounts = [{ destination: '/dev/shm/x', source: join(world.directory, 'source'), options: ['bind'] }];
  writeFileSync(dev, JSON.stringify(mounts));
  let rounds = 0;
  for (; world.oci('mounts', 'add', 'watcher', dev).status === 0; rounds++)
    world.oci('mounts', 'remove', 'watcher', dev);
  expect(rounds).toBeGreaterThan(2);
  return watching.ended.then(({ stdout }) => expect(stdout).toContain('seen 0'));
}, 30_000);
