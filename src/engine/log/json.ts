import { NEWLINE, perLine, TIME_SIZE, type LogFormat, type OnRecord } from './records.ts';

const [QUOTE, BACKSLASH, LETTER_N, LETTER_O] = [0x22, 0x5c, 0x6e, 0x6f];
/** `{"log":"` */
const HEAD = 8;
/** From the text's closing quote to the letter that tells the streams apart: `","stream":"std`. */
const LETTER = 15;
/** From the end of a record back to its time: `"}`. */
const TAIL = TIME_SIZE + 2;

/** Docker's JSON lines. Most texts have nothing escaped but their newline and are taken where they lie. */
export const JSON_LINES: LogFormat = {
  decoder: (onRecord) => (bytes) => {
    // Each is looked for once, not once for each record.
    let [escape, quote] = [-1, -1];
    return perLine((all, start, end) => {
      const text = start + HEAD;
      if (escape < text) escape = indexOrEnd(all, BACKSLASH, text);
      if (quote < text) quote = indexOrEnd(all, QUOTE, text);
      const isWhole = all[escape + 1] === LETTER_N && quote === escape + 2;
      const isPlain = isWhole || quote < escape;
      if (!isPlain || quote + LETTER + TAIL > end || all[end - TAIL - 1] !== QUOTE) {
        takeParsed(all, start, end, onRecord);
        return;
      }
      if (isWhole) all[escape] = NEWLINE;
      const stream = all[quote + LETTER] === LETTER_O ? 'stdout' : 'stderr';
      onRecord(all, text, isWhole ? escape + 1 : quote, stream, end - TAIL);
    })(bytes);
  },
  endsLine: (bytes, start, end) => {
    const close = bytes.indexOf('","stream":"', start);
    return close > start && close < end && bytes[close - 1] === LETTER_N && isEscape(bytes, close - 2);
  },
};

const indexOrEnd = (bytes: Buffer, byte: number, from: number): number => {
  const at = bytes.indexOf(byte, from);
  return at === -1 ? bytes.length : at;
};

/** Whether the backslash at `at` begins an escape: an even number of them stands before it. */
function isEscape(bytes: Buffer, at: number): boolean {
  let first = at;
  while (bytes[first] === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

interface JsonLine {
  log?: unknown;
  stream?: unknown;
  time?: unknown;
}

/** Text with escapes, or a line that something else has written. What cannot be read is left out. */
function takeParsed(bytes: Buffer, start: number, end: number, onRecord: OnRecord): void {
  let line: JsonLine | null;
  try {
    line = JSON.parse(bytes.toString('utf8', start, end)) as JsonLine | null;
  } catch {
    return;
  }
  const { log, stream, time } = line ?? {};
  if (typeof log !== 'string' || typeof time !== 'string') return;
  const record = Buffer.from(`${fullTime(time)}${log}`);
  onRecord(record, TIME_SIZE, record.length, stream === 'stderr' ? 'stderr' : 'stdout', 0);
}

/** Docker leaves out zeros at the end. */
function fullTime(time: string): string {
  const [whole = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  return `${whole}.${fraction.padEnd(9, '0')}Z`;
}
