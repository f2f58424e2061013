import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { BUILDS } from './harness.ts';
import { fileStream, runRole, scratchDirectory } from './tree-roles.ts';

describe.each(BUILDS.map((path) => [path]))('merge (%s)', (launcher) => {
  let scratch: ReturnType<typeof scratchDirectory>;
  let source: string;
  let target: string;
  const merge = (): void => {
    const outcome = runRole(launcher, 'merge', [source, target]);
    expect([outcome.complaint, outcome.records, outcome.code]).toEqual(['', [], 0]);
  };
  const write = (path: string, text = ''): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  const whiteout = (path: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    execFileSync('mknod', [path, 'c', '0', '0']);
  };
  const setfattr = (path: string, name: string, value: string): void =>
    void execFileSync('setfattr', ['-h', '-n', name, '-v', value, path]);
  const xattrs = (path: string): string =>
    execFileSync('getfattr', ['-h', '-d', '-m', '-', '--absolute-names', path]).toString();
  const tree = (root: string): string[] =>
    execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P %y\n'], { cwd: root })
      .toString()
      .split('\n')
      .slice(0, -1)
      .sort();
  beforeEach(() => {
    scratch = scratchDirectory();
    source = join(scratch.path, 'source');
    target = join(scratch.path, 'target');
    for (const path of [source, target]) mkdirSync(path);
  });
  afterEach(() => scratch.remove());

  test('adds, replaces and keeps', () => {
    write(join(target, 'etc/kept'), 'kept');
    write(join(target, 'etc/changed'), 'old and longer');
    write(join(source, 'etc/changed'), 'new');
    write(join(source, 'usr/bin/added'), 'added');
    merge();
    expect(tree(target)).toEqual(['etc d', 'etc/changed f', 'etc/kept f', 'usr d', 'usr/bin d', 'usr/bin/added f']);
    expect(readFileSync(join(target, 'etc/changed'), 'utf8')).toBe('new');
  });

  test('a whiteout removes a file, a tree or nothing; a later layer makes the name again', () => {
    write(join(target, 'file'), 'x');
    write(join(target, 'dir/sub/file'), 'x');
    for (const name of ['file', 'dir', 'absent', 'new/absent']) whiteout(join(source, name));
    merge();
    expect(tree(target)).toEqual(['new d']);
    source = join(scratch.path, 'next');
    write(join(source, 'dir/file'), 'again');
    merge();
    expect(tree(target)).toEqual(['dir d', 'dir/file f', 'new d']);
  });

  test('an opaque directory hides what was there, and the mark does not stay', () => {
    write(join(target, 'dir/old/file'), 'x');
    write(join(source, 'dir/new'), 'y');
    setfattr(join(source, 'dir'), 'trusted.overlay.opaque', 'y');
    merge();
    expect(tree(target)).toEqual(['dir d', 'dir/new f']);
    expect(xattrs(join(target, 'dir'))).not.toContain('overlay');
  });

  test('kinds replace one another', () => {
    write(join(target, 'dir-to-file/below'), 'x');
    write(join(source, 'dir-to-file'), 'file');
    write(join(target, 'file-to-dir'), 'x');
    write(join(source, 'file-to-dir/below'), 'y');
    write(join(target, 'dir-to-link/below'), 'x');
    symlinkSync('dir-to-file', join(source, 'dir-to-link'));
    merge();
    expect(tree(target)).toEqual(['dir-to-file f', 'dir-to-link l', 'file-to-dir d', 'file-to-dir/below f']);
  });

  test('a symlink in the target is replaced, never followed', () => {
    const outside = join(scratch.path, 'outside');
    write(join(outside, 'secret'), 'untouched');
    symlinkSync(outside, join(target, 'dir'));
    symlinkSync(join(outside, 'secret'), join(target, 'file'));
    symlinkSync(outside, join(target, 'gone'));
    write(join(source, 'dir/secret'), 'evil');
    setfattr(join(source, 'dir'), 'trusted.overlay.opaque', 'y');
    write(join(source, 'file'), 'evil');
    whiteout(join(source, 'gone'));
    merge();
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('untouched');
    expect(tree(target)).toEqual(['dir d', 'dir/secret f', 'file f']);
  });

  test('hard links of the source stay hard links, across directories', () => {
    write(join(source, 'a/one'), 'same');
    mkdirSync(join(source, 'b'));
    linkSync(join(source, 'a/one'), join(source, 'b/two'));
    linkSync(join(source, 'a/one'), join(source, 'three'));
    symlinkSync('somewhere', join(source, 'link'));
    linkSync(join(source, 'link'), join(source, 'a/link'));
    write(join(target, 'three'), 'old');
    merge();
    const inode = statSync(join(target, 'a/one')).ino;
    expect([statSync(join(target, 'b/two')).ino, statSync(join(target, 'three')).ino]).toEqual([inode, inode]);
    expect(statSync(join(target, 'three')).nlink).toBe(3);
    expect(inode).not.toBe(statSync(join(source, 'a/one')).ino);
    expect(lstatSync(join(target, 'link')).ino).toBe(lstatSync(join(target, 'a/link')).ino);
  });

  test('keeps owners, modes, times, xattrs, devices, fifos and sockets', () => {
    write(join(source, 'dir/file'), 'text');
    setfattr(join(source, 'dir/file'), 'user.note', 'hi');
    execFileSync('setcap', ['cap_net_raw+ep', join(source, 'dir/file')]);
    symlinkSync('file', join(source, 'dir/link'));
    execFileSync('mknod', [join(source, 'dir/null'), 'c', '1', '3']);
    execFileSync('mkfifo', [join(source, 'dir/fifo')]);
    execFileSync('python3', [
      '-c',
      'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])',
      join(source, 'dir/sock'),
    ]);
    for (const name of ['dir/file', 'dir/link', 'dir/null', 'dir'])
      execFileSync('chown', ['-h', '5:6', join(source, name)]);
    execFileSync('setcap', ['cap_net_raw+ep', join(source, 'dir/file')]);
    chmodSync(join(source, 'dir/fifo'), 0o4604);
    chmodSync(join(source, 'dir'), 0o2770);
    execFileSync('touch', ['-h', '-d', '2001-02-03 04:05:06.789', join(source, 'dir/link'), join(source, 'dir/null')]);
    utimesSync(join(source, 'dir'), 1e9, 1e9);
    mkdirSync(join(target, 'dir'), { mode: 0o700 });
    setfattr(join(target, 'dir'), 'user.old', 'goes');
    merge();
    const facts = (root: string): string =>
      execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P %y %m %U:%G %T@ %s\n'], { cwd: root })
        .toString()
        .split('\n')
        .sort()
        .join('\n');
    const sizeless = (text: string): string => text.replaceAll(/^(dir d .*) \d+$/gm, '$1');
    expect(sizeless(facts(target))).toBe(sizeless(facts(source)));
    expect(xattrs(join(target, 'dir/file')).split('\n').slice(1)).toEqual(
      xattrs(join(source, 'dir/file')).split('\n').slice(1),
    );
    expect(xattrs(join(target, 'dir/file'))).toContain('security.capability');
    expect(xattrs(join(target, 'dir'))).toBe('');
    expect(execFileSync('stat', ['-c', '%t:%T', join(target, 'dir/null')]).toString()).toBe('1:3\n');
    expect(readlinkSync(join(target, 'dir/link'))).toBe('file');
  });

  test('copies data, keeping holes', () => {
    const bytes = Buffer.alloc(300_000, 'sampan');
    writeFileSync(join(source, 'full'), bytes);
    writeFileSync(join(source, 'sparse'), 'head');
    truncateSync(join(source, 'sparse'), 64 * 1024 * 1024);
    writeFileSync(join(source, 'empty'), '');
    merge();
    expect(readFileSync(join(target, 'full')).equals(bytes)).toBe(true);
    const sparse = statSync(join(target, 'sparse'));
    expect([sparse.size, sparse.blocks * 512 < 64 * 1024]).toEqual([64 * 1024 * 1024, true]);
    expect(readFileSync(join(target, 'sparse')).subarray(0, 5).toString()).toBe('head\0');
    expect(statSync(join(target, 'empty')).size).toBe(0);
  });

  test('copies to another file system', () => {
    const script =
      'mount -t tmpfs tmpfs "$2" && cd "$2" && "$0" merge 3 4 5 3<"$1" 4<. 5>>"$1/../report" && cat full && stat -c %b sparse';
    writeFileSync(join(source, 'full'), 'over there');
    truncateSync(join(source, 'full'), 10);
    writeFileSync(join(source, 'sparse'), '');
    truncateSync(join(source, 'sparse'), 1 << 20);
    const printed = execFileSync('unshare', ['-m', 'sh', '-c', script, launcher, source, target], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ASAN_OPTIONS: 'detect_leaks=0' },
    });
    expect(printed.toString()).toBe('over there0\n');
  });

  test('walks deep trees, and says where it failed', () => {
    const deep = 'd/'.repeat(900);
    expect(
      runRole(
        launcher,
        'apply',
        [source],
        [],
        fileStream([{ op: 'directory', path: `${deep}end`, mode: 0o755, uid: 0, gid: 0, mtimeSec: 1, mtimeNsec: 0 }]),
      ).code,
    ).toBe(0);
    merge();
    expect(execFileSync('find', ['.', '-name', 'end', '-printf', '%d %Ts'], { cwd: target }).toString()).toBe('901 1');
    write(join(source, 'a/b/file'));
    write(join(target, 'a/b/file'));
    execFileSync('chattr', ['+i', join(target, 'a/b/file')]);
    const outcome = runRole(launcher, 'merge', [source, target]);
    execFileSync('chattr', ['-i', join(target, 'a/b/file')]);
    expect([outcome.code, outcome.records[0]?.value, outcome.records[0]?.path]).toEqual([
      125,
      constants.errno.EPERM,
      'a/b/file',
    ]);
  });
});
