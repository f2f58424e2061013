import { describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Step } from '#kernel/plan.ts';
import {
  ALL_NAMESPACES,
  BUILDS,
  CLONE,
  MOUNT_PROC,
  O,
  Scene,
  alone,
  container,
  enterRoot,
  failure,
  scripted,
  shell,
} from './harness.ts';

const openRoot = (scene: Scene): Step => ({ op: 'open', path: scene.root, flags: O.PATH | O.DIRECTORY, out: 'root' });
const S_IFCHR = 0o020000;

/** A detached tmpfs and the null device of the host, for masks. */
const MASKS: Step[] = [
  { op: 'fsmount', fstype: 'tmpfs', options: ['nr_blocks=1', 'nr_inodes=1'], attrs: 1, out: 'empty' },
  { op: 'tree', path: '/dev/null', out: 'null' },
];

describe.each(BUILDS)('%s', (binary) => {
  describe('mkpath', () => {
    test('makes missing directories with the mode and owner given', async () => {
      using scene = new Scene(binary);
      const step: Step = { op: 'mkpath', root: 'root', path: '/a/b/c', mode: 0o710, uid: 12, gid: 34 };
      expect((await scene.run(alone(openRoot(scene), step))).code).toBe(0);
      for (const path of ['a', 'a/b', 'a/b/c']) {
        const { mode, uid, gid } = statSync(join(scene.root, path));
        expect([mode & 0o7777, uid, gid]).toEqual([0o710, 12, 34]);
      }
    });

    test('follows symlinks only inside the root', async () => {
      using scene = new Scene(binary);
      mkdirSync(join(scene.dir, 'outside'));
      mkdirSync(join(scene.root, 'real'));
      symlinkSync('/real', join(scene.root, 'absolute'));
      symlinkSync('../../../real', join(scene.root, 'climbing'));
      symlinkSync(join(scene.dir, 'outside'), join(scene.root, 'host'));
      const made: Step[] = ['/absolute/one', '/climbing/two', '/../../three'].map((path) => ({
        op: 'mkpath',
        root: 'root',
        path,
        mode: 0o755,
      }));
      expect((await scene.run(alone(openRoot(scene), ...made))).code).toBe(0);
      for (const path of ['real/one', 'real/two', 'three']) expect(existsSync(join(scene.root, path))).toBe(true);
      const out = await scene.run(alone(openRoot(scene), { op: 'mkpath', root: 'root', path: '/host/x', mode: 0o755 }));
      expect(failure(out)).toMatchObject({ name: 'ELOOP', path: '/host/x' });
      expect(existsSync(join(scene.dir, 'outside/x'))).toBe(false);
    });

    test.each([
      ['a symlink to the root as the destination', '/to-root', {}, 'EINVAL'],
      ['a symlink to the parent as the destination', '/to-parent', {}, 'EINVAL'],
      ['the root itself', '/', {}, 'EINVAL'],
      ['the root itself, spelled long', '/etc/../.', {}, 'EINVAL'],
      ['a symlink where none may be', '/to-etc', { nofollow: 1 }, 'ELOOP'],
      ['a dangling symlink where none may be', '/dangling', { nofollow: 1 }, 'ELOOP'],
      ['a dangling symlink in the middle', '/dangling/below', {}, 'ELOOP'],
      ['a dangling symlink as the file to bind over', '/dangling', { kind: 1 }, 'ENOENT'],
      ['a file where a directory is wanted', '/file', {}, 'ENOTDIR'],
      ['a directory where a file is wanted', '/etc', { kind: 1 }, 'EISDIR'],
      ['a name that is too long', `/${'n'.repeat(300)}`, {}, 'ENAMETOOLONG'],
    ])('refuses %s', async (_, path, more, name) => {
      using scene = new Scene(binary);
      symlinkSync('/', join(scene.root, 'to-root'));
      symlinkSync('..', join(scene.root, 'to-parent'));
      symlinkSync('etc', join(scene.root, 'to-etc'));
      symlinkSync('nowhere', join(scene.root, 'dangling'));
      writeFileSync(join(scene.root, 'file'), '');
      const out = await scene.run(alone(openRoot(scene), { op: 'mkpath', root: 'root', path, mode: 0o755, ...more }));
      expect(out.code).toBe(125);
      expect(failure(out)?.name).toBe(name);
    });

    test('does not pass through a magic link of the procfs inside', async () => {
      using scene = new Scene(binary);
      symlinkSync('/proc/self/root/tmp', join(scene.root, 'link'));
      const step: Step = { op: 'mkpath', root: 'root', path: '/link/x', mode: 0o755 };
      const out = await scene.run(scripted(scene, [...MOUNT_PROC, step], 'true'));
      expect(failure(out)?.name).toBe('ELOOP');
    });

    test('takes the root itself when it may', async () => {
      using scene = new Scene(binary);
      expect(
        (
          await scene.run(
            alone(openRoot(scene), { op: 'mkpath', root: 'root', path: '/', mode: 0, rootOk: 1, out: 'x' }),
          )
        ).code,
      ).toBe(0);
    });

    test('makes a file to bind over, and takes an existing one through a symlink inside the root', async () => {
      using scene = new Scene(binary);
      writeFileSync(join(scene.root, 'etc/real'), 'kept');
      symlinkSync('/etc/real', join(scene.root, 'link'));
      const paths = ['/new/dir/file', '/link'];
      const steps = paths.map((path): Step => ({ op: 'mkpath', root: 'root', path, kind: 1, mode: 0o640, out: 'at' }));
      expect((await scene.run(alone(openRoot(scene), ...steps))).code).toBe(0);
      expect(lstatSync(join(scene.root, 'new/dir/file')).mode).toBe(0o100640);
      expect(readFileSync(join(scene.root, 'etc/real'), 'utf8')).toBe('kept');
    });
  });

  test('mknod makes a device with its mode whatever the umask, takes an equal one, and refuses another', async () => {
    using scene = new Scene(binary);
    const node = (minor: number): Step => ({
      op: 'mknod',
      root: 'root',
      path: '/dev/null',
      mode: S_IFCHR | 0o666,
      major: 1,
      minor,
      uid: 3,
      gid: 4,
    });
    expect((await scene.run(alone(openRoot(scene), node(3)))).code).toBe(0);
    chmodSync(join(scene.root, 'dev/null'), 0o600);
    expect((await scene.run(alone(openRoot(scene), node(3)))).code).toBe(0);
    const stat = lstatSync(join(scene.root, 'dev/null'));
    expect([stat.mode, stat.rdev, stat.uid, stat.gid]).toEqual([S_IFCHR | 0o666, (1 << 8) | 3, 3, 4]);
    expect(failure(await scene.run(alone(openRoot(scene), node(5))))?.name).toBe('EEXIST');
  });

  test('mknod does not follow a symlink that the image has put there', async () => {
    using scene = new Scene(binary);
    writeFileSync(join(scene.dir, 'victim'), '', { mode: 0o600 });
    symlinkSync(join(scene.dir, 'victim'), join(scene.root, 'dev/null'));
    const out = await scene.run(
      alone(openRoot(scene), {
        op: 'mknod',
        root: 'root',
        path: '/dev/null',
        mode: S_IFCHR | 0o666,
        major: 1,
        minor: 3,
      }),
    );
    expect(failure(out)?.name).toBe('EEXIST');
    expect(statSync(join(scene.dir, 'victim')).mode & 0o777).toBe(0o600);
  });

  test('symlink makes a link, takes an equal one, and refuses anything else', async () => {
    using scene = new Scene(binary);
    const link = (target: string): Step => ({ op: 'symlink', root: 'root', path: '/dev/fd', target });
    expect((await scene.run(alone(openRoot(scene), link('/proc/self/fd'), link('/proc/self/fd')))).code).toBe(0);
    expect(readlinkSync(join(scene.root, 'dev/fd'))).toBe('/proc/self/fd');
    expect(failure(await scene.run(alone(openRoot(scene), link('/other'))))?.name).toBe('EEXIST');
  });

  test('mask hides files and directories, inside the root only, and a missing path is fine', async () => {
    using scene = new Scene(binary);
    mkdirSync(join(scene.root, 'secret'));
    mkdirSync(join(scene.root, 'second'));
    for (const path of ['secret/key', 'second/key', 'etc/key', 'etc/other'])
      writeFileSync(join(scene.root, path), 'seen');
    symlinkSync('/etc/key', join(scene.root, 'link'));
    const mask = (path: string): Step => ({ op: 'mask', root: 'root', path, empty: 'empty', null: 'null' });
    const steps = [...MASKS, ...['/secret', '/second', '/link', '/etc/other', '/not/there'].map(mask)];
    const out = await scene.run(
      scripted(
        scene,
        steps,
        'ls /secret /second; cat /etc/key /etc/other; touch /secret/x /second/x; busybox stat -c %t:%T /etc/key',
      ),
    );
    expect(out.records.filter((record) => record.kind === 'fail')).toEqual([]);
    expect(out.stdout).toBe('/second:\n\n/secret:\n1:3\n');
    expect(out.stderr.match(/Read-only file system/g)).toHaveLength(2);
  });

  test('mask refuses anything but the null device as the cover of a file', async () => {
    using scene = new Scene(binary);
    writeFileSync(join(scene.root, 'etc/key'), 'seen');
    const steps: Step[] = [
      MASKS[0]!,
      { op: 'tree', path: '/dev/zero', out: 'null' },
      { op: 'mask', root: 'root', path: '/etc/key', empty: 'empty', null: 'null' },
    ];
    expect(failure(await scene.run(scripted(scene, steps, 'true')))).toMatchObject({
      name: 'ENODEV',
      path: '/etc/key',
    });
  });

  test('readonly makes a path read-only with what is mounted below it, and keeps other attributes', async () => {
    using scene = new Scene(binary);
    const steps: Step[] = [
      { op: 'fsmount', fstype: 'tmpfs', attrs: 2 | 8, out: 'mount' },
      { op: 'mkpath', root: 'root', path: '/tmp/below', mode: 0o755, out: 'at' },
      { op: 'attach', mount: 'mount', target: 'at' },
      { op: 'readonly', root: 'root', path: '/tmp' },
      { op: 'readonly', root: 'root', path: '/not/there' },
      ...MOUNT_PROC,
    ];
    const out = await scene.run(
      scripted(
        scene,
        steps,
        'touch /tmp/x /tmp/below/x; touch /etc/x && echo writable; busybox grep below /proc/mounts',
      ),
    );
    expect(out.stderr.match(/Read-only file system/g)).toHaveLength(2);
    expect(out.stdout).toStartWith('writable\n');
    expect(out.stdout).toContain('/tmp/below tmpfs ro,nosuid,noexec,');
  });

  test('bindDevice binds a node over a new file, and over no symlink', async () => {
    using scene = new Scene(binary);
    symlinkSync('/etc', join(scene.root, 'dev/zero'));
    const bind = (path: string): Step[] => [
      { op: 'tree', path: '/dev/zero', out: 'zero' },
      { op: 'bindDevice', root: 'root', path, source: 'zero' },
    ];
    const out = await scene.run(scripted(scene, bind('/dev/new/zero'), 'busybox stat -c %t:%T /dev/new/zero'));
    expect(out.stdout).toBe('1:5\n');
    expect(failure(await scene.run(scripted(scene, bind('/dev/zero'), 'true')))?.name).toBe('ELOOP');
  });

  test('readFile sends a regular file in parts, at most max bytes, and nothing for a missing one', async () => {
    using scene = new Scene(binary);
    const content = Buffer.alloc(10_000, 'passwd\n');
    writeFileSync(join(scene.root, 'etc/passwd'), content);
    writeFileSync(join(scene.root, 'etc/none'), '');
    const read = (path: string, max: number): Step => ({ op: 'readFile', root: 'root', path, max });
    const whole = await scene.run(
      alone(openRoot(scene), read('/etc/passwd', 1 << 20), read('/etc/none', 10), read('/etc/group', 10)),
    );
    expect(whole.data.get('/etc/passwd')).toEqual(content);
    expect(whole.data.get('/etc/none')?.length).toBe(0);
    expect(whole.data.has('/etc/group')).toBe(false);
    expect(whole.records[0]?.value).toBe(10_000);
    const cut = await scene.run(alone(openRoot(scene), read('/etc/passwd', 5000)));
    expect(cut.data.get('/etc/passwd')?.length).toBe(5000);
  });

  test('readFile refuses what is no regular file, without opening it', async () => {
    using scene = new Scene(binary);
    Bun.spawnSync(['mkfifo', join(scene.root, 'etc/passwd')]);
    const out = await scene.run(alone(openRoot(scene), { op: 'readFile', root: 'root', path: '/etc/passwd', max: 10 }));
    expect(failure(out)?.name).toBe('EINVAL');
  });

  test('a container in a user namespace gets its devices, masks and read-only paths', async () => {
    using scene = new Scene(binary);
    writeFileSync(join(scene.root, 'etc/key'), 'seen');
    const plan = container(
      [
        { op: 'close', slot: 'a' },
        { op: 'wait', slot: 'b' },
        { op: 'ids', uid: 0, gid: 0 },
        ...enterRoot(scene.root),
        ...MASKS,
        { op: 'mask', root: 'root', path: '/etc/key', empty: 'empty', null: 'null' },
        { op: 'tree', path: '/dev/zero', out: 'zero' },
        { op: 'bindDevice', root: 'root', path: '/dev/zero', source: 'zero' },
        { op: 'readonly', root: 'root', path: '/tmp' },
        { op: 'pivot', root: 'root' },
        shell('busybox id -u; cat /etc/key; busybox stat -c %t:%T /dev/zero; touch /tmp/x || echo refused'),
      ],
      ALL_NAMESPACES | CLONE.NEWUSER,
      [{ op: 'channel', a: 'a', b: 'b' }],
      [
        { op: 'close', slot: 'b' },
        { op: 'idmap', pidfd: 'init', uidMap: '0 0 65536\n', gidMap: '0 0 65536\n' },
        { op: 'post', slot: 'a' },
      ],
    );
    const out = await scene.run(plan);
    expect(failure(out)).toBeUndefined();
    expect(out.stdout).toBe('0\n1:5\nrefused\n');
  });
});
