import { describe, expect, test } from 'bun:test';
import { add, judge, NOTHING, ONE_FAILED, ONE_PASSED, readJunit, readTap } from '#tools/test/tally.ts';

const JUNIT =
  '<?xml version="1.0"?>\n<testsuites name="bun test" tests="9" assertions="20" failures="2" skipped="1" time="0.2">\n</testsuites>\n';

describe('tally', () => {
  test('reads the counts of a JUnit report', () => {
    expect(readJunit(JUNIT)).toEqual({ passed: 6, failed: 2, skipped: 1 });
  });

  test('takes a torn JUnit report for none', () => {
    expect(readJunit(JUNIT.replace('</testsuites>', ''))).toBeUndefined();
    expect(readJunit('')).toBeUndefined();
  });

  test('reads the counts of a TAP report', () => {
    expect(readTap('ok 1 - a\n# tests 5\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n')).toEqual({
      passed: 3,
      failed: 2,
      skipped: 0,
    });
    expect(readTap('Segmentation fault')).toBeUndefined();
  });

  test('a runner that fails without a failed test counts one failure', () => {
    expect(judge({ passed: 3, failed: 0, skipped: 0 }, 1)).toEqual({ passed: 3, failed: 1, skipped: 0 });
    expect(judge({ passed: 3, failed: 1, skipped: 0 }, 1)).toEqual({ passed: 3, failed: 1, skipped: 0 });
    expect(judge(undefined, 0)).toEqual(ONE_FAILED);
    expect(judge(NOTHING, 0)).toEqual(ONE_FAILED);
  });

  test('sums', () => {
    expect(add(add(NOTHING, ONE_PASSED), ONE_FAILED)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });
});
