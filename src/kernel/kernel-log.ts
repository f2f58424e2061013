import { closeSync, constants, openSync, readSync } from 'node:fs';

/** What the kernel has said. */
export interface KernelLine {
  /** Milliseconds since the boot. */
  since: number;
  text: string;
}

const DEVICE = '/dev/kmsg';
const RECORD_MAX = 8192;
/** Of a record that was overwritten while it was read. */
const OVERWRITTEN = 'EPIPE';

/** What is still in the kernel's ring of messages, oldest first; undefined when this user may not read it. */
export function readKernelLog(): KernelLine[] | undefined {
  let fd: number;
  try {
    fd = openSync(DEVICE, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  const lines: KernelLine[] = [];
  const record = Buffer.alloc(RECORD_MAX);
  try {
    for (;;) {
      const length = nextRecord(fd, record);
      if (length === undefined) return lines;
      const line = parseKernelRecord(record.toString('utf8', 0, length));
      if (line !== undefined) lines.push(line);
    }
  } finally {
    closeSync(fd);
  }
}

/** One read gives one record; undefined when there is no more. */
function nextRecord(fd: number, record: Buffer): number | undefined {
  try {
    return readSync(fd, record, 0, RECORD_MAX, null);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === OVERWRITTEN ? 0 : undefined;
  }
}

/** `LEVEL,SEQUENCE,MICROSECONDS,FLAGS;TEXT`, then further lines that name a device. */
export function parseKernelRecord(record: string): KernelLine | undefined {
  const found = /^\d+,\d+,(\d+),[^;]*;([^\n]*)/.exec(record);
  return found === null ? undefined : { since: Number(found[1]) / 1000, text: found[2] ?? '' };
}
