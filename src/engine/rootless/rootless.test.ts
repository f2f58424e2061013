import { expect, test } from 'bun:test';
import { mapper } from './mappers.ts';
import { subordinateIds, userName } from './subordinate-ids.ts';

test('ranges by name and number, in order; what cannot be read gives nothing', () => {
  const text = 'ann:100:5\nbob:1:1\n1000:200:7\n# ann:1:1\nann:x:5\nann:5\nann:300:0\n\n';
  expect(subordinateIds(text, ['ann', '1000'])).toEqual([
    { start: 100, count: 5 },
    { start: 200, count: 7 },
  ]);
  expect(subordinateIds('', ['ann'])).toEqual([]);
});

test('a user’s name by their number', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n';
  expect(userName(passwd, 1000)).toBe('ann');
  expect(userName(passwd, 100)).toBeUndefined();
});

test('the user is root inside, and their ranges follow', () => {
  const words = mapper('/usr/bin/newuidmap', 1000, [
    { start: 100, count: 5 },
    { start: 200, count: 7 },
  ]);
  expect(words.join(' ')).toBe('/usr/bin/newuidmap  0 1000 1 1 100 5 6 200 7');
});
