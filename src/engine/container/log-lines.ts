/** One line of output, or the part of one, as the monitor logged it. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, UTC. */
  time: string;
  stream: 'stdout' | 'stderr';
  /** The bytes, with their newline unless it is a part. */
  text: Buffer;
}

const SPACE = 0x20;
const NEWLINE = 0x0a;

/**
 * A parser of the log format of Kubernetes (`TIME STREAM P|F TEXT`), fed with whatever was read. A line that is not of
 * this form is left out: it cannot come from the monitor.
 */
export function logParser(onLine: (line: LogLine) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const all = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    let at = 0;
    for (let end = all.indexOf(NEWLINE, at); end !== -1; end = all.indexOf(NEWLINE, at)) {
      const line = parseLine(all.subarray(at, end + 1));
      if (line !== undefined) onLine(line);
      at = end + 1;
    }
    pending = all.subarray(at);
  };
}

function parseLine(bytes: Buffer): LogLine | undefined {
  const first = bytes.indexOf(SPACE);
  const second = bytes.indexOf(SPACE, first + 1);
  const third = bytes.indexOf(SPACE, second + 1);
  if (first < 1 || second === -1 || third !== second + 2) return undefined;
  const stream = bytes.toString('latin1', first + 1, second);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const whole = bytes[second + 1] === 0x46;
  return {
    time: bytes.toString('latin1', 0, first),
    stream,
    text: bytes.subarray(third + 1, whole ? bytes.length : bytes.length - 1),
  };
}
