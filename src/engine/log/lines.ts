import { perLine, TIME_SIZE, type LogFormat } from './records.ts';

const SPACE = 0x20;
const WHOLE = 0x46;
const PART = 0x50;
/** `TIME stdout F `: both streams have names of six letters, so everything has its place. */
const LETTER = TIME_SIZE + 4;
const TAG = TIME_SIZE + 8;
const TEXT = TAG + 2;
const [LETTER_O, LETTER_E] = [0x6f, 0x65];

/**
 * The format of Kubernetes, `TIME STREAM P|F TEXT`, as the monitor writes it. A line that is not of this form is left
 * out: it is what a monitor did not live to finish.
 */
export const LINES: LogFormat = {
  decoder: (onRecord) =>
    perLine((bytes, start, end) => {
      if (end - start < TEXT || bytes[start + TIME_SIZE] !== SPACE || bytes[start + TAG + 1] !== SPACE) return;
      const [letter, tag] = [bytes[start + LETTER], bytes[start + TAG]];
      if ((letter !== LETTER_O && letter !== LETTER_E) || (tag !== WHOLE && tag !== PART)) return;
      const stream = letter === LETTER_O ? 'stdout' : 'stderr';
      onRecord(bytes, start + TEXT, tag === WHOLE ? end + 1 : end, stream, start);
    }),
  endsLine: (bytes, start) => bytes[start + TAG] === WHOLE,
};
