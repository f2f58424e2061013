import { expect, test } from 'bun:test';
import { JOURNAL_START, parseJournal } from './journal.ts';

const TEXT = [
  '1700000000000000001 started pid=12',
  '1700000000000000002 exited code=3 signal=0 oom=1',
  '1700000000000000003 health_status status=healthy',
  '',
].join('\n');

test('lines have a time, a name and fields', () => {
  expect(parseJournal(TEXT, JOURNAL_START)[1]).toEqual({
    position: '1700000000000000002',
    time: 1_700_000_000_000,
    name: 'exited',
    fields: { code: '3', signal: '0', oom: '1' },
  });
});

test('a reader goes on after the position it has come to', () => {
  const names = (after: string): string[] => parseJournal(TEXT, after).map(({ name }) => name);
  expect(names('999999999999999999')).toEqual(['started', 'exited', 'health_status']);
  expect(names('1700000000000000002')).toEqual(['health_status']);
  expect(names('1700000000000000003')).toEqual([]);
});

test('torn lines are passed over, wherever they are', () => {
  for (let cut = 0; cut <= TEXT.length; cut += 1) {
    const whole = TEXT.slice(0, cut).split('\n').length - 1;
    expect(parseJournal(TEXT.slice(0, cut), JOURNAL_START)).toEqual(
      parseJournal(TEXT, JOURNAL_START).slice(0, Math.min(whole, 3)),
    );
  }
  expect(parseJournal(`17000 exited code=1 ?\n${TEXT}`, JOURNAL_START)).toHaveLength(3);
  expect(parseJournal(`\0\0\0\n${TEXT}`, JOURNAL_START)).toHaveLength(3);
});
