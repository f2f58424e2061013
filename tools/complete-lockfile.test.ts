import { describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { complete } from '#tools/complete-lockfile.ts';
import { TREE } from '#tools/places.ts';

const lockfile = readFileSync(join(TREE, 'package-lock.json'), 'utf8');

describe('package-lock.json', () => {
  test('names every optional package, so that npm ci takes it', () => {
    const { packages } = JSON.parse(lockfile) as { packages: Parameters<typeof complete>[0] };
    expect(Object.keys(complete(packages))).toEqual(Object.keys(packages));
  });

  test('a missing package of another platform is added with what npm must know to pass over it', () => {
    const packages = {
      'node_modules/x': { version: '1.0.0', optionalDependencies: { '@x/linux-riscv64-musl': '1.0.0' } },
    };
    const added = complete(packages)['node_modules/@x/linux-riscv64-musl'];
    expect(added).toEqual({
      version: '1.0.0',
      cpu: ['riscv64'],
      dev: true,
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    });
  });

  test('a missing package for every platform is an error', () => {
    const packages = { 'node_modules/x': { optionalDependencies: { fsevents: '2.0.0' } } };
    expect(() => complete(packages)).toThrow('fsevents');
  });

  test('no file of the tree names the host of a package registry', () => {
    const names = ['registry\\.npmjs', 'deb\\.debian\\.org', 'security\\.debian\\.org', '"resolved": "http'];
    const found = execFileSync(
      'sh',
      ['-c', `git grep -lE '${names.join('|')}' -- . ':!tools/complete-lockfile.test.ts' || true`],
      { cwd: TREE, encoding: 'utf8' },
    );
    expect(found).toBe('');
  });
});
