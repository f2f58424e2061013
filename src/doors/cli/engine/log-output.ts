import type { LogSink } from '#engine/log/read.ts';
import { TIME_SIZE, type LogStream, type OnRecord } from '#engine/log/records.ts';
import type { Io } from '#doors/cli/io.ts';

export interface LogShape {
  timestamps: boolean;
  /** In front of each line. */
  name: string;
  /** Of the container, after the time. */
  details: string;
}

const ROOM = 1 << 18;
const NEWLINE = 0x0a;

/** Puts lines together for the two streams, many in one write; the order between the streams stays. */
export function logOutput(io: Io, shape: LogShape, lost: LogSink['lost']): LogSink {
  const batch = Buffer.allocUnsafe(ROOM);
  let used = 0;
  let current: LogStream = 'stdout';
  const flush = (): void => {
    if (used > 0) (current === 'stdout' ? io.out : io.err)(batch.subarray(0, used));
    used = 0;
  };
  const put = (bytes: Buffer, start: number, end: number): void => {
    for (let at = start; at < end;) {
      if (used === ROOM) flush();
      const count = bytes.copy(batch, used, at, end);
      used += count;
      at += count;
    }
  };
  const plain: OnRecord = (bytes, start, end, stream) => {
    if (stream !== current) flush();
    current = stream;
    put(bytes, start, end);
  };
  const [name, details] = [Buffer.from(shape.name), Buffer.from(shape.details)];
  // A part continues the line before it, so nothing is put before it.
  const open = { stdout: false, stderr: false };
  const marked: OnRecord = (bytes, start, end, stream, time) => {
    if (!open[stream]) {
      plain(name, 0, name.length, stream, 0);
      if (shape.timestamps) {
        plain(bytes, time, time + TIME_SIZE, stream, 0);
        plain(SPACE, 0, 1, stream, 0);
      }
      plain(details, 0, details.length, stream, 0);
    }
    open[stream] = bytes[end - 1] !== NEWLINE;
    plain(bytes, start, end, stream, time);
  };
  return {
    record: shape.timestamps || name.length > 0 || details.length > 0 ? marked : plain,
    pause: flush,
    lost: (files) => {
      flush();
      lost(files);
    },
  };
}

const SPACE = Buffer.from(' ');
