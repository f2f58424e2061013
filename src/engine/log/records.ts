/**
 * One line, or a part of one. Its text lies in `bytes` from `start` to `end`, with its newline unless it is a part; its
 * time (RFC 3339 in UTC, 30 characters) at `time`. Valid only until the call returns.
 */
export type OnRecord = (bytes: Buffer, start: number, end: number, stream: LogStream, time: number) => void;

export type LogStream = 'stdout' | 'stderr';

/** Decodes the whole records in `bytes`, which it may overwrite; returns how many bytes they were. */
export type Decoder = (bytes: Buffer) => number;

/** A way to write a log, as far as reading goes. */
export interface LogFormat {
  decoder(onRecord: OnRecord): Decoder;
  /** Whether the record that ends before `end` ends a line of output. */
  endsLine(bytes: Buffer, start: number, end: number): boolean;
}

export const TIME_SIZE = 30;
export const NEWLINE = 0x0a;

/** Calls `onRecord` for each record of a form that has one on a line. */
export function perLine(take: (bytes: Buffer, start: number, end: number) => void): Decoder {
  return (bytes) => {
    let at = 0;
    for (let end = bytes.indexOf(NEWLINE, at); end !== -1; end = bytes.indexOf(NEWLINE, at)) {
      take(bytes, at, end);
      at = end + 1;
    }
    return at;
  };
}
