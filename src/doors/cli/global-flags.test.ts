import { expect, test } from 'bun:test';
import { globalFlags } from './global-flags.ts';

test("flags before the command are ours, those behind it are the command's", () => {
  expect(globalFlags(['--root', '/r', '--run-root=/x', 'run', '--rm', '--version'])).toEqual({
    flags: { version: false, help: false, root: '/r', runRoot: '/x' },
    rest: ['run', '--rm', '--version'],
  });
  expect(globalFlags(['-v']).flags.version).toBe(true);
});

test('what is unknown, lacks a value or has a wrong one is refused', () => {
  expect(() => globalFlags(['--nonesuch', 'ps'])).toThrow('unknown flag: --nonesuch');
  expect(() => globalFlags(['--root'])).toThrow('flag needs an argument: --root');
  expect(() => globalFlags(['--snapshotter', 'zfs', 'ps'])).toThrow('neither overlay nor copy');
});
