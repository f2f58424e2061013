import { NEWLINE } from './records.ts';

/** Fields of one entry; values are bytes, since the journal takes any. */
export type JournalEntry = ReadonlyMap<string, Buffer>;

const EQUALS = 0x3d;
const LENGTH_SIZE = 8;

/** A parser of what `journalctl -o export` writes, fed with whatever was read. */
export function exportParser(onEntry: (entry: JournalEntry) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  return (chunk) => {
    let all = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (let size = entrySize(all); size !== undefined; size = entrySize(all)) {
      const entry = readEntry(all.subarray(0, size));
      if (entry.size > 0) onEntry(entry);
      all = all.subarray(size);
    }
    pending = Buffer.from(all);
  };
}

interface Field {
  name: string;
  value: Buffer;
  next: number;
}

/** The field at `at`: `NAME=value` and a newline, or NAME, a newline, a length of 8 bytes, the value and a newline. */
function fieldAt(bytes: Buffer, at: number): Field | undefined {
  const end = bytes.indexOf(NEWLINE, at);
  if (end === -1) return undefined;
  const equals = bytes.indexOf(EQUALS, at);
  if (equals !== -1 && equals < end) {
    return { name: bytes.toString('latin1', at, equals), value: bytes.subarray(equals + 1, end), next: end + 1 };
  }
  const start = end + 1 + LENGTH_SIZE;
  if (start > bytes.length) return undefined;
  const stop = start + Number(bytes.readBigUInt64LE(end + 1));
  if (stop >= bytes.length) return undefined;
  return { name: bytes.toString('latin1', at, end), value: bytes.subarray(start, stop), next: stop + 1 };
}

/** Bytes of the first entry with the empty line after it; undefined when its end has not come. */
function entrySize(bytes: Buffer): number | undefined {
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] === NEWLINE) return at + 1;
    const field = fieldAt(bytes, at);
    if (field === undefined) return undefined;
    at = field.next;
  }
  return undefined;
}

function readEntry(bytes: Buffer): JournalEntry {
  const entry = new Map<string, Buffer>();
  for (let at = 0; bytes[at] !== NEWLINE;) {
    const field = fieldAt(bytes, at);
    if (field === undefined) break;
    entry.set(field.name, field.value);
    at = field.next;
  }
  return entry;
}
