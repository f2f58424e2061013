import { expect, test } from 'bun:test';
import { askedRange, chunkRange } from './range.ts';

test.each([
  ['bytes=0-9', 100, { start: 0, end: 10 }],
  ['bytes=90-', 100, { start: 90, end: 100 }],
  ['bytes=-10', 100, { start: 90, end: 100 }],
  ['bytes=-1000', 100, { start: 0, end: 100 }],
  ['bytes=50-1000', 100, { start: 50, end: 100 }],
  ['bytes=100-', 100, 'unsatisfiable'],
  ['bytes=-0', 100, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=9-1', 100, 'unsatisfiable'],
  ['bytes=0-1,3-4', 100, undefined],
  ['bytes=-', 100, undefined],
  ['items=0-1', 100, undefined],
  [undefined, 100, undefined],
] as const)('%p of %p bytes', (header, size, asked) => {
  expect(askedRange(header, size)).toEqual(asked);
});

test.each([
  ['0-99', { start: 0, end: 99 }],
  [' 5-5 ', { start: 5, end: 5 }],
  ['bytes 0-99/100', undefined],
  ['1e3-2e3', undefined],
  ['9999999999999999-9999999999999999', undefined],
])('the chunk %p', (header, range) => {
  expect(chunkRange(header)).toEqual(range);
});
