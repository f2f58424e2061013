import { expect, test } from 'bun:test';
import { firstFree, idsNeeded, LEAST_IDS, MOST_IDS } from './allot.ts';

const range = (start: number, count: number) => ({ start, count });

test('the first gap that is large enough, wherever it is', () => {
  const ranges = [range(100, 50), range(1000, 100)];
  expect(firstFree(ranges, [], 50)).toBe(100);
  expect(firstFree(ranges, [range(100, 10), range(120, 10)], 10)).toBe(110);
  expect(firstFree(ranges, [range(120, 10), range(100, 10)], 11)).toBe(130);
  expect(firstFree(ranges, [range(100, 10), range(120, 10)], 21)).toBe(1000);
  expect(firstFree(ranges, [range(90, 1000)], 10)).toBe(1090);
  expect(firstFree(ranges, [range(1000, 1)], 100)).toBeUndefined();
  expect(firstFree([], [], 1)).toBeUndefined();
});

test('as many ids as the users need, nobody apart', () => {
  expect(idsNeeded(['', 'root:x:0:0::/:\nnobody:x:65534:65534::/:\n'], [])).toBe(LEAST_IDS);
  expect(idsNeeded(['app:x:5000:0::/:'], [])).toBe(5001);
  expect(idsNeeded([''], [7000])).toBe(7001);
  expect(idsNeeded(['far:x:4000000000:0::/:', 'bad:x:abc:0'], [])).toBe(LEAST_IDS);
  expect(idsNeeded([], [65_533])).toBe(MOST_IDS - 2);
});
