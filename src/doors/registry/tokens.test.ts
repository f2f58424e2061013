import { expect, test } from 'bun:test';
import { openTokens } from './tokens.ts';

test('a token is believed for an hour, and only by who has issued it', () => {
  let now = 1_000_000;
  const tokens = openTokens(() => now);
  const { token } = tokens.issue({ user: 'ann' });
  expect(tokens.read(token)).toEqual({ user: 'ann' });
  expect(openTokens(() => now).read(token)).toBeUndefined();
  now += 3_599_000;
  expect(tokens.read(token)).toEqual({ user: 'ann' });
  now += 2000;
  expect(tokens.read(token)).toBeUndefined();
  expect(tokens.read(tokens.issue({ user: undefined }).token)).toEqual({ user: undefined });
});
