import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { attackWorld, scratch, type AttackWorld } from './attack.ts';

let world: AttackWorld;
beforeAll(() => {
  world = attackWorld();
});
beforeEach(() => {
  rmSync(world.rootfs, { recursive: true, force: true });
  mkdirSync(world.rootfs);
  writeBusyboxTree(world.rootfs);
});
afterAll(() => world[Symbol.dispose]());

const climb = '../'.repeat(30);

/** Links of a hostile image, each a way to the prey; `at` is then mounted over or below. */
const LINKS: Record<string, (prey: string) => Record<string, string>> = {
  'an absolute link': (prey) => ({ link: prey }),
  'a link that climbs': (prey) => ({ link: `${climb}${prey.slice(1)}` }),
  'a chain of links': (prey) => ({ link: 'second', second: '/third', third: `/..${climb}/..${prey}` }),
  'a link through the procfs of the host': (prey) => ({ link: `/proc/1/root${prey}` }),
  'a link to the working directory of the launcher': () => ({ link: '/proc/self/cwd' }),
  'a link to a descriptor of the launcher': () => ({ link: '/proc/self/fd/3' }),
  'a loop': () => ({ link: 'other', other: 'link' }),
};

describe('a mount whose destination leads out of the image stays inside or is refused (CVE-2021-30465, CVE-2024-45310)', () => {
  for (const [name, links] of Object.entries(LINKS)) {
    test(name, () => {
      const source = join(world.directory, 'source');
      mkdirSync(source, { recursive: true });
      writeFileSync(join(source, 'planted'), 'planted');
      for (const [path, target] of Object.entries(links(world.prey.directory)))
        symlinkSync(target, join(world.rootfs, path));
      for (const destination of ['/link', '/link/new', '/link/a/b/c', `/link/${climb}link/d`]) {
        for (const type of ['bind', 'tmpfs']) {
          world.run(`cat ${climb}${world.prey.directory}/secret; true`, (spec) => {
            spec.mounts = [...(spec.mounts ?? []), { destination, type, source, options: [] }];
            spec.root = { path: 'rootfs', readonly: false };
          });
          expect(world.prey.changes()).toEqual([]);
        }
      }
      // What was made for the mounts is in the image.
      expect(
        readdirSync(world.directory)
          .filter((name) => name !== 'sampan.plan')
          .toSorted(),
      ).toEqual(['config.json', 'err', 'out', 'prey', 'rootfs', 'source', 'state'].toSorted());
    });
  }
});

test('a file of the host that a destination leads to is neither covered nor made', () => {
  symlinkSync(join(world.prey.directory, 'secret'), join(world.rootfs, 'etc/resolv.conf'));
  symlinkSync(join(world.prey.directory, 'made'), join(world.rootfs, 'etc/hosts'));
  const source = join(world.directory, 'file');
  writeFileSync(source, 'planted');
  for (const destination of ['/etc/resolv.conf', '/etc/hosts', '/etc/hosts/x']) {
    world.run('true', (spec) => {
      spec.mounts = [...(spec.mounts ?? []), { destination, type: 'bind', source, options: ['rbind'] }];
    });
    expect(world.prey.changes()).toEqual([]);
  }
  rmSync(source);
});

test('a mount over the root itself is refused, however it is spelled', () => {
  symlinkSync('/', join(world.rootfs, 'top'));
  symlinkSync('bin/..', join(world.rootfs, 'again'));
  for (const destination of ['/', '//', '/.', '/bin/..', '/top', '/again', '/proc/..']) {
    const { status, stderr } = world.run('true', (spec) => {
      spec.mounts = [...(spec.mounts ?? []), { destination, type: 'tmpfs', source: 'tmpfs' }];
    });
    expect({ destination, status }).not.toEqual({ destination, status: 0 });
    expect(stderr).toContain('mounts[7]');
  }
  expect(world.leftovers()).toEqual([]);
});

describe('binds keep what the host says about a mount', () => {
  let cli: CliWorld;
  const place = scratch();
  const mounted = join(place.path, 'mounted');
  beforeAll(async () => {
    cli = await cliWorld();
    expect(await cli.sampan('pull', '-q', cli.image)).toMatchObject({ status: 0 });
    mkdirSync(mounted);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'nosuid,nodev,noexec', 'tmpfs', mounted]);
    mkdirSync(join(mounted, 'below'));
    execFileSync('mount', ['--bind', mounted, mounted]);
    execFileSync('mount', ['-o', 'remount,bind,ro,nosuid,nodev,noexec', mounted]);
  }, 60_000);
  afterAll(async () => {
    execFileSync('umount', [mounted]);
    execFileSync('umount', [mounted]);
    place[Symbol.dispose]();
    await cli[Symbol.asyncDispose]();
  });
  const flags = 'grep " /data " /proc/self/mountinfo';

  test('-v of a read-only, nosuid, nodev, noexec mount is all of that inside', async () => {
    const { status, stdout } = await cli.sampan(
      'run',
      '--rm',
      '-v',
      `${mounted}:/data`,
      cli.image,
      'sh',
      '-c',
      `${flags}; touch /data/x`,
    );
    expect(stdout).toMatch(/ \/data ro,nosuid,nodev,noexec/);
    expect(status).not.toBe(0);
    expect(existsSync(join(mounted, 'x'))).toBe(false);
  });

  test('a path made read-only keeps them too', () => {
    const { stdout } = world.run(flags, (spec) => {
      spec.mounts?.push({ destination: '/data', type: 'bind', source: mounted, options: ['rbind'] });
      spec.linux = { ...spec.linux, readonlyPaths: ['/data'] };
    });
    for (const line of stdout.trimEnd().split('\n')) expect(line).toMatch(/ \/data ro,nosuid,nodev,noexec/);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });
});
