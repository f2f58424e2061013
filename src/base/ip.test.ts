import { expect, test } from 'bun:test';
import { addressBytes, contains, formatAddress, formatPrefix, overlap, parseAddress, parsePrefix } from './ip.ts';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
  ['fd00:0:0:1::', 'fd00:0:0:1::'],
  ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
])('%s is written as %s', (text, written) => {
  expect(formatAddress(parseAddress(text, 'x'))).toBe(written);
  expect(parseAddress(written, 'x')).toEqual(parseAddress(text, 'x'));
});

test.each([
  '',
  '1.2.3',
  '1.2.3.256',
  '01.2.3.4',
  'fe80::1%eth0',
  ':::',
  '::1.2.3.4:5',
  '1:2:3:4:5:6:7::8',
  '1:2:3',
  '1::2::3',
  'g::',
  '1.2.3.4/8',
])('%p is no address', (text) => expect(() => parseAddress(text, '--ip')).toThrow('--ip'));

test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/', '/8', 'fd00::/129', '10.0.0.0/8/8'])(
  '%p is no subnet',
  (text) => expect(() => parsePrefix(text, '--subnet')).toThrow('--subnet'),
);

const prefix = (text: string) => parsePrefix(text, 'x').prefix;

test('a subnet begins at its first address', () => {
  expect(formatPrefix(prefix('10.1.2.3/16'))).toBe('10.1.0.0/16');
  expect(formatPrefix(prefix('fd00::1/64'))).toBe('fd00::/64');
  expect(formatPrefix(prefix('1.2.3.4/0'))).toBe('0.0.0.0/0');
  expect(formatPrefix(prefix('1.2.3.4/32'))).toBe('1.2.3.4/32');
  expect(formatAddress(parsePrefix('10.1.2.3/16', 'x').address)).toBe('10.1.2.3');
});

test('what lies in a subnet, and which overlap', () => {
  expect(contains(prefix('10.1.0.0/16'), parseAddress('10.1.255.255', 'x'))).toBe(true);
  expect(contains(prefix('10.1.0.0/16'), parseAddress('10.2.0.0', 'x'))).toBe(false);
  expect(contains(prefix('::/0'), parseAddress('10.2.0.0', 'x'))).toBe(false);
  expect(overlap(prefix('10.0.0.0/8'), prefix('10.1.0.0/16'))).toBe(true);
  expect(overlap(prefix('10.1.0.0/16'), prefix('10.0.0.0/8'))).toBe(true);
  expect(overlap(prefix('10.1.0.0/16'), prefix('10.2.0.0/16'))).toBe(false);
});

test('bytes are in network order', () => {
  expect([...addressBytes(parseAddress('10.1.2.3', 'x'))]).toEqual([10, 1, 2, 3]);
  expect(Buffer.from(addressBytes(parseAddress('fd00::1', 'x'))).toString('hex')).toBe(`fd${'0'.repeat(29)}1`);
});
