import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoName } from '#kernel/failure.ts';
import { BUILDS } from './harness.ts';
import { runRole, scratchDirectory } from './tree-roles.ts';

describe.each(BUILDS.map((path) => [path]))('imply (%s)', (launcher) => {
  let scratch: ReturnType<typeof scratchDirectory>;
  const at = (...names: string[]): string => join(scratch.path, ...names);
  beforeEach(() => {
    scratch = scratchDirectory();
    for (const name of ['tree', 'top', 'low']) mkdirSync(at(name));
  });
  afterEach(() => scratch.remove());

  const imply = (...list: string[]) =>
    runRole(
      launcher,
      'imply',
      [at('tree')],
      [at('top'), at('low')],
      Buffer.from(list.map((one) => `${one}\0`).join('')),
    );
  const look = (path: string): string => {
    const { mode, uid, gid, mtimeMs } = statSync(at('tree', path));
    return `${(mode & 0o7777).toString(8)} ${uid}:${gid} ${mtimeMs}`;
  };
  const make = (tree: string, path: string, mode: number, owner: string): void => {
    mkdirSync(at(tree, path), { recursive: true });
    execFileSync('chown', [owner, at(tree, path)]);
    execFileSync('chmod', [mode.toString(8), at(tree, path)]);
    utimesSync(at(tree, path), 7, 7);
  };

  test('a directory looks as in the first layer that has it', () => {
    make('low', 'a', 0o700, '1:2');
    make('low', 'b', 0o2711, '3:4');
    execFileSync('setfattr', ['-n', 'user.x', '-v', 'y', at('low', 'b')]);
    make('top', 'a', 0o750, '5:6');
    for (const path of ['a', 'b']) mkdirSync(at('tree', path));
    expect(imply('ca', 'cb')).toMatchObject({ code: 0 });
    expect([look('a'), look('b')]).toEqual(['750 5:6 7000', '2711 3:4 7000']);
    expect(execFileSync('getfattr', ['--only-values', '-n', 'user.x', at('tree', 'b')]).toString()).toBe('y');
  });

  test('what a layer in between hides does not count', () => {
    for (const path of ['opaque/a', 'deleted/a', 'file/a', 'link/a']) {
      make('low', path, 0o700, '1:1');
      mkdirSync(at('tree', path), { recursive: true });
    }
    mkdirSync(at('top', 'opaque'));
    execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', at('top', 'opaque')]);
    execFileSync('mknod', [at('top', 'deleted'), 'c', '0', '0']);
    writeFileSync(at('top', 'file'), '');
    symlinkSync(at('low', 'link'), at('top', 'link'));
    expect(imply('copaque/a', 'cdeleted/a', 'cfile/a', 'clink/a')).toMatchObject({ code: 0 });
    for (const path of ['opaque/a', 'deleted/a', 'file/a', 'link/a']) expect(look(path)).toBe('755 0:0 0');
  });

  test('with nothing but marks, and none below, it goes; the directory above keeps its time', () => {
    make('low', 'kept', 0o711, '1:1');
    for (const path of ['kept', 'gone/deep']) mkdirSync(at('tree', path), { recursive: true });
    execFileSync('mknod', [at('tree', 'gone/deep/x'), 'c', '0', '0']);
    utimesSync(at('tree'), 9, 9);
    expect(imply('mgone', 'mgone/deep', 'mkept')).toMatchObject({ code: 0 });
    expect(existsSync(at('tree', 'gone'))).toBe(false);
    expect(look('kept')).toBe('711 1:1 7000');
    expect(statSync(at('tree')).mtimeMs).toBe(9000);
  });

  test('a link to a file below brings a copy of it, with its attributes; directories keep their times', () => {
    make('low', 'd', 0o700, '1:1');
    writeFileSync(at('low', 'd', 'file'), 'content');
    execFileSync('chown', ['5:6', at('low', 'd', 'file')]);
    chmodSync(at('low', 'd', 'file'), 0o4711);
    utimesSync(at('low', 'd', 'file'), 3, 3);
    utimesSync(at('low', 'd'), 7, 7);
    mkdirSync(at('tree', 'e'));
    utimesSync(at('tree', 'e'), 9, 9);
    expect(imply('cd', 'ld/file\0e/name', 'ld/file\0top')).toMatchObject({ code: 0 });
    expect([look('d/file'), look('d'), look('e')]).toEqual(['4711 5:6 3000', '700 1:1 7000', '755 0:0 9000']);
    expect(readFileSync(at('tree', 'top'), 'utf8')).toBe('content');
    expect(statSync(at('tree', 'e', 'name')).nlink).toBe(3);
    expect(statSync(at('low', 'd', 'file')).nlink).toBe(1);
  });

  test('a link to what is deleted, hidden, a directory or outside fails', () => {
    writeFileSync(at('low', 'file'), '');
    execFileSync('mknod', [at('top', 'file'), 'c', '0', '0']);
    mkdirSync(at('low', 'd'));
    writeFileSync(at('secret'), '');
    const wanted = { file: 'ENOENT', d: 'EPERM', '../secret': 'EXDEV', nothing: 'ENOENT' };
    for (const [target, errno] of Object.entries(wanted)) {
      const { code, records } = imply(`l${target}\0name`);
      expect({ target, code, errno: errnoName(records[0]?.value ?? 0) }).toEqual({ target, code: 125, errno });
    }
    expect(readdirSync(at('tree'))).toEqual([]);
  });

  test('it never leaves the tree, and says what it could not do', () => {
    mkdirSync(at('outside'));
    symlinkSync(at('outside'), at('tree', 'link'));
    const { code, records } = imply('clink');
    expect({ code, path: records[0]?.path }).toEqual({ code: 125, path: 'link' });
    expect(runRole(launcher, 'imply', [], []).code).toBe(124);
  });
});
