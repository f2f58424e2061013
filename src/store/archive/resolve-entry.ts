import { Fault } from '#base/fault.ts';
import type { PaxFields } from './pax.ts';
import type { SparseMap } from './sparse.ts';
import type { TarEntry, TarEntryKind } from './tar-entry.ts';
import { tarFault, type TarHeader } from './tar-header.ts';

/** All that an archive says about one entry. */
export interface EntryParts {
  header: TarHeader;
  fields: PaxFields;
  longName: string | undefined;
  longLink: string | undefined;
  /** Of the old GNU sparse format. */
  sparse: { map: SparseMap; size: number } | undefined;
  offset: number;
}

export interface Resolved {
  entry: TarEntry;
  /** Bytes of the body in the archive. */
  stored: number;
  map: SparseMap | undefined;
  /** True when the body starts with the sparse map (GNU format 1.0). */
  mapInBody: boolean;
}

/** Type flags; D is a directory of an incremental GNU archive, 7 a file on contiguous blocks. */
const KINDS: Record<string, TarEntryKind> = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  D: 'directory',
  S: 'file',
};

/** Puts an entry together: extended headers come before long names, those before the header itself. */
export function resolveEntry(parts: EntryParts): Resolved {
  const { header, fields, offset } = parts;
  const name = fields.sparse.name ?? fields.path ?? parts.longName ?? header.name;
  const kind = kindOf(header.type, name, offset);
  const stored = storedSize(kind, header, fields, offset);
  const sparse = parts.sparse ?? paxSparse(fields, offset);
  const link = fields.linkpath ?? parts.longLink ?? header.link;
  if (name === '') throw tarFault(offset, 'an entry has no name');
  if ((kind === 'hardlink' || kind === 'symlink') && link === '')
    throw tarFault(offset, `the link ${name} has no target`);
  return {
    entry: {
      kind,
      name,
      link,
      mode: header.mode,
      uid: fields.uid ?? header.uid,
      gid: fields.gid ?? header.gid,
      size: kind === 'file' ? (sparse?.size ?? stored) : 0,
      mtimeSec: fields.mtimeSec ?? header.mtime,
      mtimeNsec: fields.mtimeNsec ?? 0,
      major: header.major,
      minor: header.minor,
      xattrs: fields.xattrs,
    },
    stored,
    map: sparse?.map,
    mapInBody: kind === 'file' && sparse !== undefined && sparse.map === undefined,
  };
}

/** Before POSIX a directory was a file whose name ends in a slash. */
function kindOf(type: string, name: string, offset: number): TarEntryKind {
  const kind = KINDS[type];
  if (kind === undefined) {
    throw new Fault('unsupported', `read the archive at byte ${offset}: entries of type ${JSON.stringify(type)}`, {
      facts: { offset, name },
    });
  }
  return type === '0' && name.endsWith('/') ? 'directory' : kind;
}

/** Links, devices and directories have no body, whatever their size says; GNU's D lists its names in one. */
function storedSize(kind: TarEntryKind, header: TarHeader, fields: PaxFields, offset: number): number {
  if (kind !== 'file' && header.type !== 'D') return 0;
  const size = fields.size ?? header.size;
  if (size < 0) throw tarFault(offset, 'an entry has a negative size');
  return size;
}

/** GNU sparse formats 0.0 and 0.1 (map in the extended header) and 1.0 (map in the body). */
function paxSparse(fields: PaxFields, offset: number): { map: SparseMap | undefined; size: number } | undefined {
  const { major, minor, map, size } = fields.sparse;
  if (major === undefined && map === undefined) return undefined;
  if (size === undefined) throw tarFault(offset, 'a sparse file has no size');
  if (map !== undefined && (major === undefined || major === '0')) return { map, size };
  if (major === '1' && minor === '0') return { map: undefined, size };
  throw new Fault('unsupported', `read the archive at byte ${offset}: sparse format ${major}.${minor}`, {
    facts: { offset },
  });
}
