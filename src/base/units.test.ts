import { expect, test } from 'bun:test';
import { formatBytes, formatDuration, parseBytes, parseDuration } from './units.ts';

test('sizes are read as docker reads them', () => {
  expect(parseBytes('512m', '--memory')).toBe(536870912);
  expect(parseBytes('1.5g', '--memory')).toBe(1610612736);
  expect(parseBytes('2GiB', '--memory')).toBe(2147483648);
  expect(parseBytes('100', '--memory')).toBe(100);
});

test('a size that is none names the option', () => {
  expect(() => parseBytes('12x', '--memory')).toThrow('read --memory: "12x" is not a size');
  expect(() => parseBytes('-5m', '--memory')).toThrow('is not a size');
});

test('sizes are printed in powers of 1000', () => {
  expect([0, 999, 1000, 116_800_000, 1_243_000_000].map(formatBytes)).toEqual(['0B', '999B', '1kB', '117MB', '1.24GB']);
});

test('durations are worded as docker words them', () => {
  const words = [500, 1500, 30_000, 90_000, 300_000, 3_700_000, 7_300_000, 3 * 86_400_000].map(formatDuration);
  expect(words).toEqual([
    'Less than a second',
    '1 second',
    '30 seconds',
    'About a minute',
    '5 minutes',
    'About an hour',
    '2 hours',
    '3 days',
  ]);
});

test('durations are read in units, and nothing else is taken for one', () => {
  expect(parseDuration('1m30s')).toBe(90_000);
  expect(parseDuration('250ms')).toBe(250);
  expect(parseDuration('10')).toBeUndefined();
  expect(parseDuration('')).toBeUndefined();
});
