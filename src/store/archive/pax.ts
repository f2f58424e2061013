import { tarFault } from './tar-header.ts';

/** The records of a pax extended header in order, values as byte strings (latin1). */
export type PaxRecord = readonly [key: string, value: string];

/** Parses `LENGTH KEY=VALUE\n`... (POSIX.1-2017 pax, "pax Extended Header"). Throws `corrupt`. */
export function parsePax(bytes: Buffer, offset: number): PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(0x20, at);
    const digits = blank === -1 ? '' : bytes.toString('latin1', at, blank);
    const length = /^[0-9]{1,9}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (length === 0 || end > bytes.length || end - 1 <= blank || bytes[end - 1] !== 0x0a) {
      throw tarFault(offset, 'an extended header record has a wrong length');
    }
    const equals = bytes.indexOf(0x3d, blank);
    if (equals === -1 || equals >= end) throw tarFault(offset, 'an extended header record has no "="');
    records.push([bytes.toString('latin1', blank + 1, equals), bytes.toString('latin1', equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** What extended headers say about the next entry; an empty value takes a global one back. */
export interface PaxFields {
  path?: string;
  linkpath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  mtimeSec?: number;
  mtimeNsec?: number;
  /** Names (byte strings) and values (hexadecimal) in turn. */
  xattrs: string[];
  sparse: SparseRecords;
}

export interface SparseRecords {
  major?: string;
  minor?: string;
  name?: string;
  /** Logical size of the file. */
  size?: number;
  /** Offsets and lengths in turn, of formats 0.0 and 0.1. */
  map?: number[];
}

type Apply = (fields: PaxFields, value: string, offset: number) => void;

const KEYS: Record<string, Apply> = {
  path: (fields, value) => void (fields.path = value),
  linkpath: (fields, value) => void (fields.linkpath = value),
  size: (fields, value, offset) => void (fields.size = paxNumber(value, offset)),
  uid: (fields, value, offset) => void (fields.uid = paxNumber(value, offset)),
  gid: (fields, value, offset) => void (fields.gid = paxNumber(value, offset)),
  mtime: (fields, value, offset) => void Object.assign(fields, paxTime(value, offset)),
  'GNU.sparse.major': (fields, value) => void (fields.sparse.major = value),
  'GNU.sparse.minor': (fields, value) => void (fields.sparse.minor = value),
  'GNU.sparse.name': (fields, value) => void (fields.sparse.name = value),
  'GNU.sparse.size': (fields, value, offset) => void (fields.sparse.size = paxNumber(value, offset)),
  'GNU.sparse.realsize': (fields, value, offset) => void (fields.sparse.size = paxNumber(value, offset)),
  'GNU.sparse.offset': (fields, value, offset) => void sparseMap(fields).push(paxNumber(value, offset)),
  'GNU.sparse.numbytes': (fields, value, offset) => void sparseMap(fields).push(paxNumber(value, offset)),
  'GNU.sparse.map': (fields, value, offset) =>
    void (fields.sparse.map = value === '' ? [] : value.split(',').map((item) => paxNumber(item, offset))),
};
const SCHILY = 'SCHILY.xattr.';
const LIBARCHIVE = 'LIBARCHIVE.xattr.';

/** Reads global records and then an entry's own ones into fields. Unknown keys are not an error (pax says so). */
export function paxFields(global: readonly PaxRecord[], own: readonly PaxRecord[], offset: number): PaxFields {
  const fields: PaxFields = { xattrs: [], sparse: {} };
  const overridden = global.length === 0 ? undefined : new Set(own.map(([key]) => key));
  for (const [key, value] of global) {
    if (overridden?.has(key) !== true) applyRecord(fields, key, value, offset);
  }
  for (const [key, value] of own) applyRecord(fields, key, value, offset);
  return fields;
}

function applyRecord(fields: PaxFields, key: string, value: string, offset: number): void {
  if (key.startsWith(SCHILY)) {
    fields.xattrs.push(key.slice(SCHILY.length), Buffer.from(value, 'latin1').toString('hex'));
  } else if (key.startsWith(LIBARCHIVE)) {
    fields.xattrs.push(unescape(key.slice(LIBARCHIVE.length)), Buffer.from(value, 'base64').toString('hex'));
  } else if (value !== '' && Object.hasOwn(KEYS, key)) {
    KEYS[key]?.(fields, value, offset);
  }
}

/** libarchive writes unusual bytes of a name as %XX. */
function unescape(name: string): string {
  return name.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function sparseMap(fields: PaxFields): number[] {
  return (fields.sparse.map ??= []);
}

function paxNumber(text: string, offset: number): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) throw tarFault(offset, `"${text}" in an extended header is not a number`);
  return value;
}

/** Seconds with a fraction of any length; the nanoseconds of a negative time count forward. */
function paxTime(text: string, offset: number): { mtimeSec: number; mtimeNsec: number } {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text);
  if (match === null) throw tarFault(offset, `"${text}" in an extended header is not a time`);
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] === '') return { mtimeSec: seconds, mtimeNsec: nanoseconds };
  return nanoseconds === 0
    ? { mtimeSec: -seconds, mtimeNsec: 0 }
    : { mtimeSec: -seconds - 1, mtimeNsec: 1_000_000_000 - nanoseconds };
}
