import { expect, test } from 'bun:test';
import { detachFilter, parseDetachKeys } from './detach-keys.ts';

test('sequences are read as docker writes them', () => {
  expect(parseDetachKeys(undefined)).toEqual([16, 17]);
  expect(parseDetachKeys('')).toEqual([16, 17]);
  expect(parseDetachKeys('ctrl-a,d')).toEqual([1, 100]);
  expect(parseDetachKeys('ctrl-@,ctrl-[,ctrl-_')).toEqual([0, 27, 31]);
  for (const bad of ['ctrl-', 'ab', 'a,', 'ctrl-1', 'é']) expect(() => parseDetachKeys(bad)).toThrow('--detach-keys');
});

const typed = (filter: ReturnType<typeof detachFilter>, text: string): [string, boolean] => {
  const { pass, detached } = filter(Buffer.from(text));
  return [Buffer.from(pass).toString(), detached];
};

test('all bytes pass in order but those of the whole sequence', () => {
  const filter = detachFilter([...Buffer.from('aab')]);
  expect(typed(filter, 'xa')).toEqual(['x', false]);
  expect(typed(filter, 'y')).toEqual(['ay', false]);
  expect(typed(filter, 'aa')).toEqual(['', false]);
  expect(typed(filter, 'a')).toEqual(['a', false]);
  expect(typed(filter, 'bzz')).toEqual(['', true]);
});

test('a sequence of one key detaches at once', () => {
  expect(typed(detachFilter([1]), 'ab\u0001c')).toEqual(['ab', true]);
});
