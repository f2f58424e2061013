/** The shims beside what they stand in for; the host's own functions are tried in test/front. */
import { Buffer as NodeBuffer } from 'node:buffer';
import * as nodePath from 'node:path';
import { expect, test } from 'bun:test';

const latin1Or = (latin1: boolean) => (latin1 ? 'latin1' : 'utf8');
(globalThis as { host?: unknown }).host = {
  directory: process.cwd(),
  utf8Length: (text: string) => NodeBuffer.byteLength(text),
  encode: (text: string, buffer: ArrayBuffer, offset: number) => NodeBuffer.from(buffer).write(text, offset),
  decode: (buffer: ArrayBuffer, offset: number, size: number, latin1: boolean) =>
    NodeBuffer.from(buffer, offset, size).toString(latin1Or(latin1)),
};
const path = await import('./path.ts');
const { addNumbers, Buffer } = await import('./buffer.ts');
addNumbers();

const PATHS = [
  '',
  '.',
  '/',
  '//',
  'a',
  'a/',
  '/a',
  '/a/',
  './a',
  '../a',
  'a/..',
  'a/../..',
  '/..',
  '/../a/./b//c/',
  'a/b/../../..',
  '...',
  ' ',
];

test('paths come out as those of node:path', () => {
  for (const one of PATHS) {
    expect([one, path.normalize(one)]).toEqual([one, nodePath.normalize(one)]);
    expect([one, path.dirname(one)]).toEqual([one, nodePath.dirname(one)]);
    expect([one, path.basename(one)]).toEqual([one, nodePath.basename(one)]);
    expect([one, path.isAbsolute(one)]).toEqual([one, nodePath.isAbsolute(one)]);
    for (const other of PATHS) {
      expect([one, other, path.join(one, other)]).toEqual([one, other, nodePath.join(one, other)]);
      expect([one, other, path.resolve(one, other)]).toEqual([one, other, nodePath.resolve(one, other)]);
    }
  }
});

test('bytes come out as those of node:buffer', () => {
  const texts = ['', 'a', 'ab', 'abc', 'abcd', 'é', '\u{1f6a2}', '\0x\xff', 'x'.repeat(300)];
  for (const text of texts) {
    const [ours, theirs] = [Buffer.from(text), NodeBuffer.from(text)];
    expect([...ours]).toEqual([...theirs]);
    for (const encoding of ['utf8', 'latin1', 'base64', 'hex'] as const) {
      expect(ours.toString(encoding)).toBe(theirs.toString(encoding));
    }
    expect([...Buffer.from(text, 'latin1')]).toEqual([...NodeBuffer.from(text, 'latin1')]);
    expect([...Buffer.from(theirs.toString('base64'), 'base64')]).toEqual([...theirs]);
    expect(ours.equals(Buffer.from(text))).toBe(true);
    expect(ours.equals(Buffer.concat([ours, Buffer.of(1)]))).toBe(false);
    expect((ours.subarray(1, 3) as typeof ours).toString('latin1')).toBe(theirs.subarray(1, 3).toString('latin1'));
  }
  const numbers = [
    'UInt8',
    'Int8',
    'UInt16LE',
    'UInt16BE',
    'Int16LE',
    'UInt32LE',
    'UInt32BE',
    'Int32LE',
    'BigUInt64LE',
  ] as const;
  const bytes = [0x81, 0x02, 0xf3, 0x04, 0x85, 0x06, 0x97, 0xff, 0x10];
  type Reading = Record<string, (at: number) => number | bigint>;
  const [ours, theirs] = [Buffer.from(bytes), NodeBuffer.from(bytes)].map((one) => one as unknown as Reading);
  for (const name of numbers) {
    for (const at of [0, 1]) expect([name, ours?.[`read${name}`]?.(at)]).toEqual([name, theirs?.[`read${name}`]?.(at)]);
  }
});
