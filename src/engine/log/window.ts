import { TIME_SIZE, type OnRecord } from './records.ts';

export interface Window {
  /** Lines from this moment on; milliseconds since 1970. */
  since?: number;
  until?: number;
}

/** Hands on what was written in the window. Times of one form and zone are in order as bytes are. */
export function within({ since, until }: Window, onRecord: OnRecord): OnRecord {
  if (since === undefined && until === undefined) return onRecord;
  const from = bound(since ?? 0, '000000Z');
  const to = until === undefined ? undefined : bound(until, '999999Z');
  return (bytes, start, end, stream, time) => {
    if (bytes.compare(from, 0, TIME_SIZE, time, time + TIME_SIZE) < 0) return;
    if (to !== undefined && bytes.compare(to, 0, TIME_SIZE, time, time + TIME_SIZE) > 0) return;
    onRecord(bytes, start, end, stream, time);
  };
}

const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

/** A millisecond's first or last moment. */
const bound = (at: number, rest: string): Buffer =>
  Buffer.from(new Date(Math.min(Math.max(at, 0), LATEST)).toISOString().replace('Z', rest), 'latin1');

const TRIM_AT = 1024;

/** Keeps the last `count` lines until they are asked for. A line may come in parts; whole ones count. */
export function lastLines(count: number): { take: OnRecord; give(onRecord: OnRecord): void } {
  const kept: { record: Buffer; stream: 'stdout' | 'stderr'; ends: boolean }[] = [];
  let [first, lines] = [0, 0];
  return {
    take: (bytes, start, end, stream, time) => {
      const record = Buffer.concat([bytes.subarray(time, time + TIME_SIZE), bytes.subarray(start, end)]);
      const ends = record.at(-1) === 0x0a;
      kept.push({ record, stream, ends });
      if (ends) lines += 1;
      // What comes before a line's end goes with it.
      while (lines > count && first < kept.length) {
        if (kept[first]?.ends === true) lines -= 1;
        first += 1;
      }
      if (first < TRIM_AT || first * 2 < kept.length) return;
      kept.splice(0, first);
      first = 0;
    },
    give: (onRecord) => {
      // The last line may not have its end yet, and counts.
      const open = kept.length > first && kept.at(-1)?.ends === false;
      for (let over = open && lines >= count ? lines - count + 1 : 0; over > 0; first += 1)
        if (kept[first]?.ends === true) over -= 1;
      if (count === 0) return;
      for (const { record, stream } of kept.slice(first)) onRecord(record, TIME_SIZE, record.length, stream, 0);
    },
  };
}
