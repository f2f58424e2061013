import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { FileStep } from '#kernel/plan.ts';
import { BUILDS } from './harness.ts';
import { fileStream, runRole, scratchDirectory, type Outcome } from './tree-roles.ts';

type Attributes = { uid: number; gid: number; mtimeSec: number; mtimeNsec: number };
const PLAIN: Attributes = { uid: 0, gid: 0, mtimeSec: 1_000_000_000, mtimeNsec: 5 };

const directory = (path: string, mode = 0o755, more: Partial<Attributes> = {}): FileStep => ({
  op: 'directory',
  path,
  mode,
  ...PLAIN,
  ...more,
});
const symlink = (path: string, target: string): FileStep => ({ op: 'symlink', path, target, ...PLAIN });
function file(
  path: string,
  text: string,
  more: { mode?: number; xattrs?: string[] } & Partial<Attributes> = {},
): FileStep[] {
  const bytes = Buffer.from(text);
  return [
    { op: 'file', path, mode: 0o644, size: bytes.length, ...PLAIN, ...more },
    { op: 'data', offset: 0, bytes },
  ];
}
const hex = (text: string): string => Buffer.from(text).toString('hex');
const getfattr = (path: string, name: string): string =>
  execFileSync('getfattr', ['-h', '--absolute-names', '--only-values', '-n', name, path]).toString('latin1');

describe.each(BUILDS.map((path) => [path]))('apply (%s)', (launcher) => {
  let scratch: ReturnType<typeof scratchDirectory>;
  let target: string;
  let outside: string;
  const apply = (steps: readonly FileStep[], end = true): Outcome => {
    const outcome = runRole(launcher, 'apply', [target], [], fileStream(steps, end));
    expect(outcome.complaint).toBe('');
    return outcome;
  };
  const succeed = (steps: readonly FileStep[]): void => {
    const outcome = apply(steps);
    expect(outcome.records.map(({ kind, value, path }) => ({ kind, value, path }))).toEqual([
      { kind: 'done', value: 0, path: '' },
    ]);
    expect(outcome.code).toBe(0);
  };
  const fail = (steps: readonly FileStep[], errno: number, path: string): void => {
    const outcome = apply(steps);
    expect(outcome.records.map(({ kind, value, path: at }) => ({ kind, value, path: at }))).toEqual([
      { kind: 'fail', value: errno, path },
    ]);
    expect(outcome.code).toBe(125);
  };
  beforeEach(() => {
    scratch = scratchDirectory();
    target = join(scratch.path, 'target');
    outside = join(scratch.path, 'outside');
    mkdirSync(target);
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'untouched');
  });
  afterEach(() => scratch.remove());

  test('makes directories, files, symlinks and hard links with owner, mode and times', () => {
    succeed([
      directory('', 0o700, { uid: 7, mtimeSec: 11, mtimeNsec: 0 }),
      directory('etc', 0o751, { uid: 1, gid: 2, mtimeSec: 1_234_567_890, mtimeNsec: 0 }),
      ...file('etc/passwd', 'root', { mode: 0o4640, uid: 3, gid: 4 }),
      symlink('etc/link', '../../outside/secret'),
      { op: 'hardlink', path: 'etc/again', target: 'etc/passwd' },
      { op: 'hardlink', path: 'etc/linkagain', target: 'etc/link' },
    ]);
    const top = statSync(target);
    expect([top.mode & 0o7777, top.uid, top.mtimeMs]).toEqual([0o700, 7, 11_000]);
    const etc = statSync(join(target, 'etc'));
    expect([etc.mode & 0o7777, etc.uid, etc.gid, etc.mtimeMs]).toEqual([0o751, 1, 2, 1_234_567_890_000]);
    const passwd = statSync(join(target, 'etc/passwd'), { bigint: true });
    expect([passwd.mode & 0o7777n, passwd.uid, passwd.gid, passwd.nlink, passwd.mtimeNs]).toEqual([
      0o4640n,
      3n,
      4n,
      2n,
      1_000_000_000_000_000_005n,
    ]);
    expect(readlinkSync(join(target, 'etc/linkagain'))).toBe('../../outside/secret');
    expect(lstatSync(join(target, 'etc/link')).mtimeMs).toBeCloseTo(1_000_000_000_000, 0);
    expect(readFileSync(join(target, 'etc/again'), 'utf8')).toBe('root');
  });

  test('knows times before 1970', () => {
    succeed([
      { op: 'file', path: 'old', mode: 0o644, size: 0, ...PLAIN, mtimeSec: 0xffff_ffff_ffff_ffffn, mtimeNsec: 0 },
    ]);
    expect(statSync(join(target, 'old')).mtimeMs).toBe(-1000);
  });

  test('a file in a setgid directory gets the owner of the stream', () => {
    succeed([directory('mail', 0o2775, { gid: 8 }), ...file('mail/root', 'x'), directory('mail/sub', 0o755)]);
    expect(statSync(join(target, 'mail')).mode & 0o7777).toBe(0o2775);
    expect(statSync(join(target, 'mail/root')).gid).toBe(0);
    expect([statSync(join(target, 'mail/sub')).gid, statSync(join(target, 'mail/sub')).mode & 0o7777]).toEqual([
      0, 0o755,
    ]);
  });

  test('makes missing parents', () => {
    succeed(file('a/b/c/d', 'deep'));
    expect(readFileSync(join(target, 'a/b/c/d'), 'utf8')).toBe('deep');
    expect([statSync(join(target, 'a/b')).mode & 0o7777, statSync(join(target, 'a/b')).uid]).toEqual([0o755, 0]);
  });

  test('replaces an older object of the name, and takes an existing directory', () => {
    succeed([
      directory('keep'),
      ...file('keep/child', 'stays'),
      directory('keep', 0o700),
      directory('gone/deeper'),
      ...file('gone/deeper/x', 'x'),
      ...file('gone', 'now a file'),
      symlink('link', 'keep'),
      directory('link', 0o711),
      ...file('link/inside', 'y'),
      ...file('twice', 'a longer first text'),
      ...file('twice', 'second'),
    ]);
    expect(readFileSync(join(target, 'keep/child'), 'utf8')).toBe('stays');
    expect(statSync(join(target, 'keep')).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(target, 'gone'), 'utf8')).toBe('now a file');
    expect(lstatSync(join(target, 'link')).isDirectory()).toBe(true);
    expect(readdirSync(join(target, 'keep'))).toEqual(['child']);
    expect(readFileSync(join(target, 'twice'), 'utf8')).toBe('second');
  });

  test('does not write through a cached parent that has been replaced', () => {
    succeed([directory('a'), ...file('a/one', '1'), symlink('b', 'x'), ...file('b', 'f'), ...file('a/two', '2')]);
    expect(readdirSync(join(target, 'a')).sort()).toEqual(['one', 'two']);
    fail(
      [directory('c'), ...file('c/one', '1'), symlink('c', '../outside'), ...file('c/two', '2')],
      constants.errno.ELOOP,
      'c/two',
    );
    expect(readdirSync(outside)).toEqual(['secret']);
  });

  test.each([['../x'], ['a/../../x'], ['/x'], ['a/..'], ['..'], ['a/../b']])('refuses the climbing path %s', (path) => {
    fail([directory('a'), ...file(path, 'evil')], constants.errno.EXDEV, path);
    expect(existsSync(join(scratch.path, 'x'))).toBe(false);
    expect(readdirSync(target)).toEqual(['a']);
  });

  test('refuses to pass through a symlink, made earlier or in the stream', () => {
    symlinkSync(outside, join(target, 'old'));
    fail(file('old/x', 'evil'), constants.errno.ELOOP, 'old/x');
    fail([symlink('new', '../outside'), ...file('new/sub/x', 'evil')], constants.errno.ELOOP, 'new/sub/x');
    fail([symlink('dir', '../outside'), { op: 'opaque', path: 'dir' }], constants.errno.ELOOP, 'dir');
    expect(readdirSync(outside)).toEqual(['secret']);
  });

  test('replaces a symlink itself, never its target', () => {
    symlinkSync(join(outside, 'secret'), join(target, 'link'));
    succeed(file('link', 'own', { mode: 0o600 }));
    expect(readFileSync(join(target, 'link'), 'utf8')).toBe('own');
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('untouched');
  });

  test.each([
    ['../outside/secret', constants.errno.EXDEV],
    ['door/secret', constants.errno.ELOOP],
    ['nothing', constants.errno.ENOENT],
  ])('refuses a hard link to %s', (to, errno) => {
    symlinkSync(outside, join(target, 'door'));
    fail([{ op: 'hardlink', path: 'stolen', target: to }], errno, 'stolen');
    expect(statSync(join(outside, 'secret')).nlink).toBe(1);
  });

  test('a hard link onto itself keeps the file, onto another replaces it', () => {
    succeed([
      ...file('one', '1'),
      ...file('two', '2'),
      { op: 'hardlink', path: 'one', target: 'one' },
      { op: 'hardlink', path: 'two', target: 'one' },
    ]);
    expect(readFileSync(join(target, 'two'), 'utf8')).toBe('1');
    expect(statSync(join(target, 'one')).nlink).toBe(2);
  });

  test('leaves a hard link into the tree from outside alone when the name is made anew', () => {
    writeFileSync(join(target, 'shared'), 'before');
    linkSync(join(target, 'shared'), join(outside, 'kept'));
    succeed(file('shared', 'after'));
    expect(readFileSync(join(outside, 'kept'), 'utf8')).toBe('before');
  });

  test('keeps holes', () => {
    const size = 64 * 1024 * 1024;
    succeed([
      { op: 'file', path: 'sparse', mode: 0o644, size, ...PLAIN },
      { op: 'data', offset: 1024 * 1024, bytes: Buffer.from('island') },
    ]);
    const status = statSync(join(target, 'sparse'));
    expect(status.size).toBe(size);
    expect(status.blocks * 512).toBeLessThan(64 * 1024);
    expect(
      readFileSync(join(target, 'sparse'))
        .subarray(1024 * 1024, 1024 * 1024 + 7)
        .toString(),
    ).toBe('island\0');
  });

  test('bounds a file by its declared size', () => {
    fail(
      [...file('bomb', '12345'), { op: 'data', offset: 3, bytes: Buffer.from('678') }],
      constants.errno.EFBIG,
      'bomb',
    );
    fail(
      [...file('bomb', '1'), { op: 'data', offset: 0xffff_ffff_ffff_ffffn, bytes: Buffer.from('6') }],
      constants.errno.EFBIG,
      'bomb',
    );
    expect(statSync(join(target, 'bomb')).size).toBe(1);
  });

  test('writes large data steps', () => {
    const bytes = Buffer.alloc(1024 * 1024, 'sampan');
    const steps = Array.from({ length: 5 }, (_, index): FileStep => ({
      op: 'data',
      offset: index * bytes.length,
      bytes,
    }));
    succeed([{ op: 'file', path: 'large', mode: 0o644, size: 5 * bytes.length, ...PLAIN }, ...steps]);
    expect(Buffer.concat(Array.from({ length: 5 }, () => bytes)).equals(readFileSync(join(target, 'large')))).toBe(
      true,
    );
  });

  test('takes names of 255 bytes and paths beyond PATH_MAX', () => {
    const name = 'n'.repeat(255);
    const parent = Array.from({ length: 20 }, () => name).join('/');
    succeed([...file(`${parent}/${name}`, 'far'), directory(parent, 0o700), ...file(`${parent}/next`, 'too')]);
    fail(file('n'.repeat(256), 'x'), constants.errno.ENAMETOOLONG, 'n'.repeat(256));
    const find = (...rest: string[]): string => execFileSync('find', ['.', ...rest], { cwd: target }).toString();
    expect(find('-type', 'f', '-execdir', 'cat', '{}', ';')).toMatch(/^(fartoo|toofar)$/);
    expect(find('-mindepth', '20', '-maxdepth', '20', '-printf', '%m %Ts')).toBe('700 1000000000');
  });

  test('carries names that are not text', () => {
    succeed(file('caf\xe9\xff', 'latin'));
    expect(readdirSync(target, { encoding: 'buffer' })[0]?.toString('latin1')).toBe('caf\xe9\xff');
  });

  test('sets xattrs of files, directories and symlinks; a capability survives owner and data', () => {
    const capability = '0100000202000000000000000000000000000000';
    succeed([
      ...file('ping', 'binary', { uid: 5, xattrs: ['security.capability', capability, 'user.note', hex('hi')] }),
      { ...(directory('d') as FileStep & { op: 'directory' }), xattrs: ['user.d', hex('1')] },
      { ...(symlink('s', 'ping') as FileStep & { op: 'symlink' }), xattrs: ['trusted.s', hex('2')] },
    ]);
    expect(Buffer.from(getfattr(join(target, 'ping'), 'security.capability'), 'latin1').toString('hex')).toBe(
      capability,
    );
    expect(getfattr(join(target, 'ping'), 'user.note')).toBe('hi');
    expect(getfattr(join(target, 'd'), 'user.d')).toBe('1');
    expect(getfattr(join(target, 's'), 'trusted.s')).toBe('2');
    fail(file('bad', '', { xattrs: ['user.x', 'zz'] }), constants.errno.EINVAL, 'bad');
    fail(file('bad', '', { xattrs: ['user.x'] }), constants.errno.EINVAL, 'bad');
  });

  test('makes device, fifo and socket nodes, and nothing else by that step', () => {
    const node = (path: string, mode: number, major = 0, minor = 0): FileStep => ({
      op: 'node',
      path,
      mode,
      major,
      minor,
      ...PLAIN,
    });
    succeed([
      node('null', 0o020666, 1, 3),
      node('loop', 0o060660, 7, 300),
      node('fifo', 0o010600),
      node('sock', 0o140755),
    ]);
    const facts = execFileSync('stat', ['-c', '%n %F %a %t:%T', 'null', 'loop', 'fifo', 'sock'], {
      cwd: target,
    }).toString();
    expect(facts).toBe(
      'null character special file 666 1:3\nloop block special file 660 7:12c\nfifo fifo 600 0:0\nsock socket 755 0:0\n',
    );
    fail([node('plain', 0o100644)], constants.errno.EINVAL, 'plain');
  });

  test('writes whiteouts and opaque marks in overlay form', () => {
    succeed([
      ...file('dir/gone', 'x'),
      { op: 'whiteout', path: 'dir/gone' },
      { op: 'whiteout', path: 'new/absent' },
      { op: 'opaque', path: 'dir' },
    ]);
    expect(execFileSync('stat', ['-c', '%F %t:%T', 'dir/gone', 'new/absent'], { cwd: target }).toString()).toBe(
      'character special file 0:0\ncharacter special file 0:0\n',
    );
    expect(getfattr(join(target, 'dir'), 'trusted.overlay.opaque')).toBe('y');
  });

  test('keeps directories directories, and other things other things, when it is told to', () => {
    const keep: FileStep = { op: 'keepKinds' };
    succeed([directory('d'), ...file('d/inside', 'kept'), ...file('f', 'kept')]);
    fail([keep, ...file('d', 'x')], constants.errno.EISDIR, 'd');
    fail([keep, symlink('d', 'f')], constants.errno.EISDIR, 'd');
    fail([keep, directory('f')], constants.errno.ENOTDIR, 'f');
    expect(readFileSync(join(target, 'd/inside'), 'utf8')).toBe('kept');
    succeed([keep, directory('d'), ...file('d/new', 'x'), ...file('f', 'new')]);
    expect(readFileSync(join(target, 'f'), 'utf8')).toBe('new');
  });

  test('never replaces the target itself', () => {
    writeFileSync(join(target, 'kept'), '');
    fail(file('', 'x'), constants.errno.EISDIR, '');
    fail([symlink('.', '/')], constants.errno.EISDIR, '.');
    fail([directory('d'), ...file('d/', 'x')], constants.errno.EISDIR, 'd/');
    expect(readdirSync(target).sort()).toEqual(['d', 'kept']);
  });

  test('a torn stream fails', () => {
    const whole = fileStream(file('a', 'text'));
    for (const length of [0, 4, 8, 20, whole.length - 1]) {
      const outcome = runRole(launcher, 'apply', [target], [], whole.subarray(0, length));
      expect([outcome.code, outcome.records[0]?.kind, outcome.records[0]?.value]).toEqual([
        125,
        'fail',
        constants.errno.EPIPE,
      ]);
    }
    expect(apply(file('a', 'text'), false).records[0]?.value).toBe(constants.errno.EPIPE);
  });

  test('refuses what is not a stream, another version, an unknown step and data of no file', () => {
    const attempt = (bytes: Uint8Array): number | undefined =>
      runRole(launcher, 'apply', [target], [], bytes).records[0]?.value;
    const stream = Buffer.from(fileStream([]));
    stream.writeUInt32LE(1, 0);
    expect(attempt(stream)).toBe(constants.errno.EPROTO);
    const versioned = Buffer.from(fileStream([]));
    versioned.writeUInt32LE(99, 4);
    expect(attempt(versioned)).toBe(93); // EPROTONOSUPPORT
    const unknown = Buffer.from(fileStream([]));
    unknown.writeUInt16LE(14, 8);
    expect(attempt(unknown)).toBe(constants.errno.EPROTO);
    expect(attempt(fileStream([{ op: 'data', offset: 0, bytes: Buffer.from('x') }]))).toBe(constants.errno.EBADF);
  });
});
