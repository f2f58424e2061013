import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { BUILDS } from './harness.ts';
import { fileStream, runRole, scratchDirectory } from './tree-roles.ts';

describe.each(BUILDS.map((path) => [path]))('remove (%s)', (launcher) => {
  let scratch: ReturnType<typeof scratchDirectory>;
  const remove = (name: string): { code: number | null; value: number | undefined } => {
    const outcome = runRole(launcher, 'remove', [scratch.path], [name]);
    expect(outcome.complaint).toBe('');
    return { code: outcome.code, value: outcome.records[0]?.value };
  };
  const removed = { code: 0, value: undefined };
  beforeEach(() => {
    scratch = scratchDirectory();
    mkdirSync(join(scratch.path, 'outside'));
    writeFileSync(join(scratch.path, 'outside/secret'), 'untouched');
  });
  afterEach(() => scratch.remove());

  test('removes a tree with every kind of file, and nothing beside it', () => {
    mkdirSync(join(scratch.path, 'tree/a/b'), { recursive: true });
    for (let index = 0; index < 300; index++) writeFileSync(join(scratch.path, `tree/a/file-${index}`), '');
    execFileSync('mkfifo', [join(scratch.path, 'tree/fifo')]);
    execFileSync('mknod', [join(scratch.path, 'tree/a/whiteout'), 'c', '0', '0']);
    mkdirSync(join(scratch.path, 'tree/locked'), { mode: 0 });
    expect(remove('tree')).toEqual(removed);
    expect(readdirSync(scratch.path)).toEqual(['outside']);
  });

  test('removes a file, and a missing name is fine', () => {
    writeFileSync(join(scratch.path, 'file'), '');
    expect(remove('file')).toEqual(removed);
    expect(remove('file')).toEqual(removed);
  });

  test('removes symlinks, never what they lead to', () => {
    symlinkSync('outside', join(scratch.path, 'link'));
    mkdirSync(join(scratch.path, 'tree'));
    symlinkSync('../outside', join(scratch.path, 'tree/link'));
    symlinkSync('../outside/secret', join(scratch.path, 'tree/file'));
    expect(remove('link')).toEqual(removed);
    expect(remove('tree')).toEqual(removed);
    expect(readFileSync(join(scratch.path, 'outside/secret'), 'utf8')).toBe('untouched');
  });

  test('removes a tree of 5,000 levels with few descriptors', () => {
    const deepest = `tree${'/d'.repeat(5000)}`;
    const made = runRole(
      launcher,
      'apply',
      [scratch.path],
      [],
      fileStream([{ op: 'whiteout', path: `${deepest}/end` }]),
    );
    expect(made.code).toBe(0);
    execFileSync('bash', ['-c', `ulimit -n 96; exec 3<. 4>>report; exec "$0" remove 3 tree 4`, launcher], {
      cwd: scratch.path,
      env: { ASAN_OPTIONS: 'detect_leaks=0' },
    });
    expect(readdirSync(scratch.path).sort()).toEqual(['outside', 'report']);
    expect(readFileSync(join(scratch.path, 'report')).length).toBe(0);
  });

  test('stops at a mount point and leaves what is mounted', () => {
    const script = `
      mkdir -p tree/a/mnt && mount --bind outside tree/a/mnt
      exec 3<. 4>>report; "$0" remove 3 tree 4; echo $?`;
    const printed = execFileSync('unshare', ['-m', 'bash', '-c', script, launcher], {
      cwd: scratch.path,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ASAN_OPTIONS: 'detect_leaks=0' },
    });
    expect(printed.toString()).toBe('125\n');
    expect(readFileSync(join(scratch.path, 'report')).readInt32LE(12)).toBe(constants.errno.EBUSY);
    expect(readFileSync(join(scratch.path, 'outside/secret'), 'utf8')).toBe('untouched');
  });

  test.each([['.'], ['..'], [''], ['outside/secret'], ['/tmp']])('refuses the name "%s"', (name) => {
    expect(remove(name)).toEqual({ code: 125, value: constants.errno.EINVAL });
    expect(readFileSync(join(scratch.path, 'outside/secret'), 'utf8')).toBe('untouched');
  });
});
