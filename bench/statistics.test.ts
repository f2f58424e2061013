import { describe, expect, test } from 'bun:test';
import { generator } from '#tools/random.ts';
import { median, quantile, ratio, shuffled } from './statistics.ts';

describe('statistics', () => {
  test('medians of odd and even counts', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
  });

  test('quantiles are interpolated', () => {
    expect(quantile([0, 10], 0.9)).toBe(9);
    expect(quantile([5], 0.1)).toBe(5);
  });

  test('a ratio is that of the medians', () => {
    expect(ratio([2, 4, 100], [8, 8, 1])).toBe(0.5);
  });

  test('an order is a permutation that its seed repeats', () => {
    const items = ['a', 'b', 'c', 'd'];
    expect(shuffled(items, generator(7)).toSorted()).toEqual(items);
    expect(shuffled(items, generator(7))).toEqual(shuffled(items, generator(7)));
    const firsts = new Set(Array.from({ length: 40 }, (_, seed) => shuffled(items, generator(seed * 977 + 5))[0]));
    expect(firsts.size).toBe(4);
  });
});
