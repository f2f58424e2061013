import { expect, test } from 'bun:test';
import { JSON_LINES } from './json.ts';
import { LINES } from './lines.ts';
import { TIME_SIZE, type LogFormat } from './records.ts';

const TIME = '2026-11-23T10:00:00.000000001Z';

/** What comes out when the bytes are given in two pieces, cut at `cut`. */
function read(format: LogFormat, bytes: Buffer, cut: number): string[] {
  const seen: string[] = [];
  const decode = format.decoder((all, start, end, stream, time) =>
    seen.push(`${all.toString('latin1', time, time + TIME_SIZE)} ${stream} ${all.toString('utf8', start, end)}`),
  );
  const first = Buffer.from(bytes.subarray(0, cut));
  const rest = first.subarray(decode(first));
  decode(Buffer.concat([rest, bytes.subarray(cut)]));
  return seen;
}

const lines = Buffer.from(
  `${TIME} stdout F hello world\n${TIME} stderr P par\n${TIME} stderr F t\n${TIME} stdout F \n`,
);
const json = Buffer.from(
  [
    `{"log":"hello world\\n","stream":"stdout","time":"${TIME}"}`,
    `{"log":"par","stream":"stderr","time":"${TIME}"}`,
    `{"log":"t\\n","stream":"stderr","attrs":{"a":"\\"b"},"time":"${TIME}"}`,
    `{"log":"\\n","stream":"stdout","time":"${TIME}"}`,
    '',
  ].join('\n'),
);
const wanted = [`${TIME} stdout hello world\n`, `${TIME} stderr par`, `${TIME} stderr t\n`, `${TIME} stdout \n`];

test.each([
  ['lines', LINES, lines],
  ['json', JSON_LINES, json],
])('%s are read wherever the bytes are cut', (_, format, bytes) => {
  for (let cut = 0; cut <= bytes.length; cut += 1) expect(read(format, bytes, cut)).toEqual(wanted);
});

test('what is no line of the log is left out', () => {
  const bytes = Buffer.from(
    `garbage\n\n${TIME} stdwhat F x\n${TIME} stdout FF x\n${TIME} stdout X x\n${TIME} std\n${TIME} stdout F good\n`,
  );
  expect(read(LINES, bytes, 9)).toEqual([`${TIME} stdout good\n`]);
  const torn = Buffer.from(`{"log":"to\n{"log":1}\nnull\n\n{"log":"good\\n","stream":"stdout","time":"${TIME}"}\n`);
  expect(read(JSON_LINES, torn, 9)).toEqual([`${TIME} stdout good\n`]);
});

test('JSON with escapes, with short times, or with fields in another order is read, too', () => {
  const texts = ['tab\t"quoted" back\\slash\n', 'ends in a backslash \\\n', 'é€😀\n', 'n\\n"', '"', '\\n\n', 'last\\'];
  const bytes = Buffer.from(
    texts.map((log) => `${JSON.stringify({ log, stream: 'stderr', time: TIME })}\n`).join('') +
      `{"time":"2026-11-23T10:00:00.1Z","stream":"stdout","log":"other\\n"}\n{"log":"x\\n","stream":"stdout","time":"2026-11-23T10:00:00Z"}\n`,
  );
  expect(read(JSON_LINES, bytes, 0)).toEqual([
    ...texts.map((text) => `${TIME} stderr ${text}`),
    '2026-11-23T10:00:00.100000000Z stdout other\n',
    '2026-11-23T10:00:00.000000000Z stdout x\n',
  ]);
});

test('the end of a line of output is seen in the record', () => {
  const ends = (format: LogFormat, record: string): boolean =>
    format.endsLine(Buffer.from(record), 0, Buffer.from(record).length);
  expect([ends(LINES, `${TIME} stdout F x`), ends(LINES, `${TIME} stdout P x`)]).toEqual([true, false]);
  const record = (log: string): string => JSON.stringify({ log, stream: 'stdout', time: TIME });
  expect(['x\n', 'x', 'x\\n', '\\\n', ''].map((log) => ends(JSON_LINES, record(log)))).toEqual([
    true,
    false,
    false,
    true,
    false,
  ]);
});
