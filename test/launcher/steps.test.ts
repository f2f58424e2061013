import { describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Step } from '#kernel/plan.ts';
import { BUILDS, MOUNT_PROC, MS_PRIVATE_REC, Scene, alone, failure, scripted } from './harness.ts';

const BENEATH = 0x08 | 0x01 | 0x02; // and no other mount, no magic link
const MISSING = '/no/such/directory';
const DETACHED_MOUNTS: Step[] = [
  { op: 'unshare', flags: 0x20000 },
  { op: 'propagation', flags: MS_PRIVATE_REC },
];

describe.each(BUILDS)('%s', (binary) => {
  describe('onError', () => {
    const fails = (onError: Step['onError'], step: Step): Step => ({
      ...step,
      ...(onError === undefined ? {} : { onError }),
    });
    const missing: Step = { op: 'umount', path: MISSING };
    const notMounted: Step = { op: 'umount', path: '/etc/passwd' };
    const empty: Step = { op: 'post', slot: 'nothing' };

    test.each([
      ['fail', missing, 125, 'fail'],
      ['warn', missing, 0, 'warn'],
      ['ignore', missing, 0, undefined],
      ['missing', missing, 0, undefined],
      ['ignore', notMounted, 0, undefined],
      ['missing', notMounted, 125, 'fail'],
      ['fail', empty, 125, 'fail'],
      ['ignore', empty, 0, undefined],
      ['missing', empty, 0, undefined],
    ] as const)('%s: %j ends with %i and reports %s', async (onError, step, code, kind) => {
      using scene = new Scene(binary);
      const out = await scene.run(alone(fails(onError, step)));
      expect(out.code).toBe(code);
      expect(out.records[0]?.kind).toBe(kind);
    });

    test('a step that uses what a tolerated one did not open fails with EBADF', async () => {
      using scene = new Scene(binary);
      const open: Step = { op: 'open', path: MISSING, flags: 0, out: 'x', onError: 'missing' };
      const out = await scene.run(alone(open, { op: 'writeSlot', slot: 'x', data: 'y' }));
      expect(failure(out)).toMatchObject({ name: 'EBADF', step: 1 });
    });
  });

  describe('files', () => {
    test('mkdir makes parents with the mode whatever the umask, takes an existing directory, unless it must be new', async () => {
      using scene = new Scene(binary);
      const path = join(scene.dir, 'a/b/c');
      const make: Step = { op: 'mkdir', path, mode: 0o777, parents: 1 };
      expect((await scene.run(alone(make, make))).code).toBe(0);
      for (const each of ['a', 'a/b', 'a/b/c']) expect(statSync(join(scene.dir, each)).mode & 0o777).toBe(0o777);
      expect(failure(await scene.run(alone({ ...make, fresh: 1 })))).toMatchObject({ name: 'EEXIST', path });
      writeFileSync(join(scene.dir, 'file'), '');
      expect(failure(await scene.run(alone({ op: 'mkdir', path: join(scene.dir, 'file'), mode: 0o755 })))?.name).toBe(
        'ENOTDIR',
      );
    });

    test('write goes to a file below its directory, and never through a link or out of it', async () => {
      using scene = new Scene(binary);
      writeFileSync(join(scene.dir, 'victim'), 'kept');
      symlinkSync('../victim', join(scene.root, 'link'));
      writeFileSync(join(scene.root, 'file'), '');
      const dir: Step = { op: 'open', path: scene.root, flags: 0o200000, out: 'dir' };
      const write = (path: string, resolve = 0): Step => ({ op: 'write', dir: 'dir', path, data: 'new', resolve });
      expect((await scene.run(alone(dir, write('file', BENEATH)))).code).toBe(0);
      expect(readFileSync(join(scene.root, 'file'), 'utf8')).toBe('new');
      expect(failure(await scene.run(alone(dir, write('link'))))?.name).toBe('ELOOP');
      expect(failure(await scene.run(alone(dir, write('../victim', BENEATH))))?.name).toBe('EXDEV');
      expect(failure(await scene.run(alone(dir, write('none'))))).toMatchObject({ name: 'ENOENT', path: 'none' });
      expect(readFileSync(join(scene.dir, 'victim'), 'utf8')).toBe('kept');
    });

    test('a write into /proc does not go where something was mounted over it', async () => {
      using scene = new Scene(binary);
      const steps: Step[] = [
        ...MOUNT_PROC,
        { op: 'tree', dir: 'proc', path: 'sys/kernel/domainname', out: 'other' },
        { op: 'mkpath', root: 'root', path: '/proc/sys/kernel/hostname', kind: 1, mode: 0, out: 'over' },
        { op: 'attach', mount: 'other', target: 'over' },
        { op: 'write', dir: 'proc', path: 'sys/kernel/hostname', data: 'boat', resolve: BENEATH },
      ];
      const out = await scene.run(scripted(scene, steps, 'true'));
      expect(failure(out)).toMatchObject({ name: 'EXDEV', path: 'sys/kernel/hostname' });
    });

    test('mkfifo, unlink and rmdir; what is missing is fine', async () => {
      using scene = new Scene(binary);
      const [fifo, dir] = [join(scene.dir, 'fifo'), join(scene.dir, 'empty')];
      mkdirSync(dir);
      expect((await scene.run(alone({ op: 'mkfifo', path: fifo, mode: 0o622, uid: 7, gid: 8 }))).code).toBe(0);
      const stat = statSync(fifo);
      expect([stat.isFIFO(), stat.mode & 0o777, stat.uid, stat.gid]).toEqual([true, 0o622, 7, 8]);
      const twice: Step[] = [
        { op: 'unlink', path: fifo },
        { op: 'rmdir', path: dir },
      ];
      expect((await scene.run(alone(...twice, ...twice))).code).toBe(0);
      expect([scene.has('fifo'), scene.has('empty')]).toEqual([false, false]);
    });

    test('rmdir retries a busy directory for no longer than it was told', async () => {
      using scene = new Scene(binary);
      const path = join(scene.dir, 'busy');
      mkdirSync(path);
      const mount: Step = { op: 'mount', source: 'none', target: path, fstype: 'tmpfs' };
      const started = performance.now();
      const out = await scene.run(alone(...DETACHED_MOUNTS, mount, { op: 'rmdir', path, retryMs: 120 }));
      expect(failure(out)).toMatchObject({ name: 'EBUSY', path });
      expect(performance.now() - started).toBeWithin(115, 2000);
    });

    test('inherit fills a blank file and leaves any other alone', async () => {
      using scene = new Scene(binary);
      const file = (name: string): string => join(scene.dir, name);
      writeFileSync(file('from'), '0-3\n');
      writeFileSync(file('blank'), '\n');
      writeFileSync(file('set'), '1\n');
      const inherit = (to: string): Step => ({ op: 'inherit', from: file('from'), to: file(to) });
      expect((await scene.run(alone(inherit('blank'), inherit('set')))).code).toBe(0);
      expect(readFileSync(file('blank'), 'utf8').trim()).toBe('0-3');
      expect(readFileSync(file('set'), 'utf8')).toBe('1\n');
    });

    test('connect reaches a socket, also one whose path is too long for an address', async () => {
      using scene = new Scene(binary);
      const long = join(scene.dir, 'd'.repeat(120));
      mkdirSync(long);
      const short = join(scene.dir, 's');
      const server = createServer().listen(short);
      const heard = new Promise<string>((resolve) =>
        server.on('connection', (socket) => socket.on('data', (data) => resolve(String(data)))),
      );
      await new Promise((resolve) => server.once('listening', resolve));
      expect(Bun.spawnSync(['ln', short, join(long, 's')]).exitCode).toBe(0);
      const out = await scene.run(
        alone({ op: 'connect', path: join(long, 's'), out: 'c' }, { op: 'writeSlot', slot: 'c', data: 'hello' }),
      );
      expect(out.code).toBe(0);
      expect(await heard).toBe('hello');
      server.close();
    });
  });

  describe('mounts', () => {
    test('a failed file system tells which option and in the words of the kernel', async () => {
      using scene = new Scene(binary);
      const out = await scene.run(alone({ op: 'fsmount', fstype: 'tmpfs', options: ['size=1m', 'bogus=1'], out: 'x' }));
      expect(failure(out)).toMatchObject({ name: 'EINVAL', path: 'bogus=1' });
      expect(failure(out)?.detail.toString()).toContain("Unknown parameter 'bogus'");
      expect(failure(await scene.run(alone({ op: 'fsmount', fstype: 'nofs', out: 'x' })))).toMatchObject({
        name: 'ENODEV',
        path: 'nofs',
      });
    });

    test('overlay by names relative to a directory; the working directory stays', async () => {
      using scene = new Scene(binary);
      for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(scene.dir, name));
      writeFileSync(join(scene.dir, 'lower/file'), 'below');
      const out = await scene.run(
        alone(
          ...DETACHED_MOUNTS,
          { op: 'cwd', path: '/etc' },
          { op: 'open', path: scene.dir, flags: 0o200000, out: 'base' },
          {
            op: 'mount',
            dir: 'base',
            source: 'overlay',
            target: 'merged',
            fstype: 'overlay',
            data: 'lowerdir=lower,upperdir=upper,workdir=work',
          },
          {
            op: 'exec',
            candidates: ['/bin/sh'],
            argv: ['sh', '-c', `cat ${scene.dir}/merged/file; echo; pwd`],
            env: ['PATH=/bin'],
          },
        ),
      );
      expect(out.stdout).toBe('below\n/etc\n');
    });

    test('mountAttr and remountRoot change what may be done', async () => {
      using scene = new Scene(binary);
      const steps: Step[] = [
        { op: 'fsmount', fstype: 'tmpfs', out: 'mount' },
        { op: 'mountAttr', slot: 'mount', set: 0x1 | 0x8, recursive: 1 },
        { op: 'mkpath', root: 'root', path: '/tmp', mode: 0o755, out: 'at' },
        { op: 'attach', mount: 'mount', target: 'at' },
        ...MOUNT_PROC,
      ];
      const script =
        'touch /x || touch /tmp/x || busybox grep -E " (/|/tmp) " /proc/mounts | busybox cut -d" " -f2,4 | busybox cut -d, -f1,2';
      const out = await scene.run(scripted(scene, steps, script, [{ op: 'remountRoot' }]));
      expect(out.stdout).toBe('/ ro,relatime\n/tmp ro,noexec\n');
    });

    test('after the pivot nothing of the host is left in the mount table', async () => {
      using scene = new Scene(binary);
      const out = await scene.run(scripted(scene, MOUNT_PROC, 'busybox cut -d" " -f2 /proc/mounts'));
      expect(out.stdout).toBe('/\n/proc\n');
    });
  });
});
