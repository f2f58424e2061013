import { expect, test } from 'bun:test';
import { logParser, type LogLine } from './log-lines.ts';

const log = Buffer.from(
  '2026-11-23T10:00:00.000000001Z stdout F hello world\n2026-11-23T10:00:00.000000002Z stderr P par\n2026-11-23T10:00:00.000000003Z stderr F t\n2026-11-23T10:00:01Z stdout F \n',
);

test('lines and parts are read wherever the bytes are cut', () => {
  for (let cut = 0; cut <= log.length; cut += 7) {
    const lines: LogLine[] = [];
    const feed = logParser((line) => lines.push(line));
    feed(log.subarray(0, cut));
    feed(log.subarray(cut));
    expect(lines.map(({ stream, text }) => `${stream}:${JSON.stringify(text.toString())}`)).toEqual([
      'stdout:"hello world\\n"',
      'stderr:"par"',
      'stderr:"t\\n"',
      'stdout:"\\n"',
    ]);
  }
});

test('what is not a log line is left out', () => {
  const lines: LogLine[] = [];
  logParser((line) => lines.push(line))(Buffer.from('garbage\n\nT stdwhat F x\nT stdout FF x\n'));
  expect(lines).toEqual([]);
});
