import { describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { sha256 } from '#tools/image/oci-image.ts';
import { packTree } from '#tools/image/pack.ts';

/** The same tree made at another time and in another order. */
function tree(parent: string, name: string, files: readonly string[]): string {
  const directory = join(parent, name);
  mkdirSync(directory);
  for (const file of files) {
    writeFileSync(join(directory, file), file);
    utimesSync(join(directory, file), 1.8e9 + name.length, 1.8e9 + name.length);
  }
  return directory;
}

describe('packing', () => {
  test('a tree gives the same bytes whenever and in whatever order it was made', () => {
    const parent = mkdtempSync(join(tmpdir(), 'sampan-pack-'));
    const one = packTree(tree(parent, 'one', ['a', 'b', 'c']));
    const three = packTree(tree(parent, 'three', ['c', 'a', 'b']));
    const other = packTree(tree(parent, 'other', ['c', 'a']));
    rmSync(parent, { recursive: true });
    expect(three.diffId).toBe(one.diffId);
    expect(sha256(three.packed)).toBe(sha256(one.packed));
    expect(other.diffId).not.toBe(one.diffId);
  });

  test('the busybox tree has its users, its programs and their owners', () => {
    const parent = mkdtempSync(join(tmpdir(), 'sampan-pack-'));
    writeBusyboxTree(parent);
    const { packed } = packTree(parent);
    rmSync(parent, { recursive: true });
    const listing = execFileSync('tar', ['-tvzf', '-', '--numeric-owner'], { input: packed, encoding: 'utf8' });
    expect(listing).toMatch(/-rwxr-xr-x 0\/0 .* \.\/bin\/busybox\n/);
    expect(listing).toMatch(/lrwxrwxrwx 0\/0 .* \.\/bin\/sh -> busybox\n/);
    expect(listing).toMatch(/drwxr-xr-x 1000\/1000 .* \.\/home\/app\/\n/);
    expect(listing).toMatch(/drwxrwxrwt 0\/0 .* \.\/tmp\/\n/);
  });
});
