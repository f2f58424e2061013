import { expect, test } from 'bun:test';
import { nearest } from './nearest.ts';

test('A slip of the pen is understood, another word is not', () => {
  const known = ['enabled', 'high', 'low', 'min_age', 'keep', 'every'];
  expect(nearest('enable', known)).toBe('enabled');
  expect(nearest('minage', known)).toBe('min_age');
  expect(nearest('HIGH', known)).toBe('high');
  expect(nearest('registry', known)).toBeUndefined();
});
