import { expect, test } from 'bun:test';
import { parseFlags, type FlagTable } from './flags.ts';

const TABLE: FlagTable = {
  bundle: { kind: 'text', short: 'b', does: '' },
  env: { kind: 'list', short: 'e', does: '' },
  force: { kind: 'switch', short: 'f', does: '' },
  'preserve-fds': { kind: 'number', does: '' },
};

test('values after a space, after an equals sign, by short name, and with a single dash', () => {
  const { flags, rest } = parseFlags(
    ['--bundle', '/a', '-e', 'A=1', '--env=B=2', '-force', 'id', '--preserve-fds=3'],
    TABLE,
    false,
  );
  expect([flags.text('bundle'), flags.list('env'), flags.on('force'), flags.number('preserve-fds')]).toEqual([
    '/a',
    ['A=1', 'B=2'],
    true,
    3,
  ]);
  expect(rest).toEqual(['id']);
});

test('a command keeps its own flags', () => {
  const { flags, rest } = parseFlags(['-f', 'id', 'ls', '-f', '--', 'x'], TABLE, true);
  expect(flags.on('force')).toBe(true);
  expect(rest).toEqual(['id', 'ls', '-f', '--', 'x']);
});

test('two dashes end the flags, one alone is an argument, a switch can be taken back', () => {
  expect(parseFlags(['-', '--', '-f'], TABLE, false).rest).toEqual(['-', '-f']);
  expect(parseFlags(['--force=false'], TABLE, false).flags.on('force')).toBe(false);
});

test('unknown flags, missing values and words for numbers are refused', () => {
  expect(() => parseFlags(['--bogus'], TABLE, false)).toThrow('--bogus');
  expect(() => parseFlags(['--bundle'], TABLE, false)).toThrow('needs an argument');
  expect(() => parseFlags(['--preserve-fds', '1x'], TABLE, false)).toThrow('1x');
});

test('short flags go together, the last one with its value', () => {
  const table: FlagTable = { ...TABLE, tty: { kind: 'switch', short: 't', does: '' } };
  const { flags, rest } = parseFlags(['-ft', '-eA=1', '-tb', '/x', 'id'], table, true);
  expect([flags.on('force'), flags.on('tty'), flags.list('env'), flags.text('bundle')]).toEqual([
    true,
    true,
    ['A=1'],
    '/x',
  ]);
  expect(rest).toEqual(['id']);
  expect(() => parseFlags(['-fx'], table, false)).toThrow('unknown flag: -fx');
  expect(() => parseFlags(['--constructor'], table, false)).toThrow('unknown flag');
});
