import { MOUNT_ATTR, PROPAGATION, RECURSIVE } from '#kernel/linux.ts';
import { isIdMapOption } from './mount-idmap.ts';

interface Attribute {
  set?: number;
  clear?: number;
}

const A = MOUNT_ATTR;

/** Option names that are attributes of the mount itself; with an `r` in front they count for the whole tree. */
const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  ro: { set: A.readOnly },
  rw: { clear: A.readOnly },
  nosuid: { set: A.noSuid },
  suid: { clear: A.noSuid },
  nodev: { set: A.noDev },
  dev: { clear: A.noDev },
  noexec: { set: A.noExec },
  exec: { clear: A.noExec },
  noatime: { set: A.noAtime, clear: A.atime },
  atime: { clear: A.atime },
  relatime: { set: A.relAtime, clear: A.atime },
  norelatime: { clear: A.atime },
  strictatime: { set: A.strictAtime, clear: A.atime },
  nostrictatime: { clear: A.atime },
  nodiratime: { set: A.noDirAtime },
  diratime: { clear: A.noDirAtime },
  nosymfollow: { set: A.noSymFollow },
  symfollow: { clear: A.noSymFollow },
};

const P = PROPAGATION;
const PROPAGATIONS: Readonly<Record<string, { flag: number; recursive: boolean }>> = {
  private: { flag: P.private, recursive: false },
  rprivate: { flag: P.private, recursive: true },
  shared: { flag: P.shared, recursive: false },
  rshared: { flag: P.shared, recursive: true },
  slave: { flag: P.slave, recursive: false },
  rslave: { flag: P.slave, recursive: true },
  unbindable: { flag: P.unbindable, recursive: false },
  runbindable: { flag: P.unbindable, recursive: true },
};

/** Options of mount(8) that ask for what is there anyway. */
const NO_EFFECT = new Set(['defaults', 'silent', 'loud', 'iversion', 'noiversion']);

/** Of the file system, not of one mount of it: a bind mount has them as its source has. */
export const OF_FILE_SYSTEM: ReadonlySet<string> = new Set([
  'sync',
  'async',
  'dirsync',
  'mand',
  'nomand',
  'lazytime',
  'nolazytime',
]);

export interface MountOptions {
  bind: 'none' | 'bind' | 'rbind';
  set: number;
  clear: number;
  treeSet: number;
  treeClear: number;
  propagation: { flag: number; recursive: boolean }[];
  /** A source that is a symlink: the link itself is mounted, or one like it is made. */
  sourceNoFollow: boolean;
  copySymlink: boolean;
  /** A symlink at the destination is refused, not followed. */
  destinationNoFollow: boolean;
  /** A new tmpfs starts with what it covers. */
  copyUp: boolean;
  /** Nothing new is mounted: what is there gets these attributes. */
  remount: boolean;
  /** For the file system: "key=value" or "flag". */
  data: string[];
}

/** Sorts the options of one mount; a later option wins over an earlier one. */
export function parseMountOptions(options: readonly string[]): MountOptions {
  const out: MountOptions = {
    bind: 'none',
    set: 0,
    clear: 0,
    treeSet: 0,
    treeClear: 0,
    propagation: [],
    sourceNoFollow: false,
    copySymlink: false,
    destinationNoFollow: false,
    copyUp: false,
    remount: false,
    data: [],
  };
  for (const option of options) {
    const own = ATTRIBUTES[option];
    const tree = option.startsWith('r') ? ATTRIBUTES[option.slice(1)] : undefined;
    const propagation = PROPAGATIONS[option];
    if (own !== undefined) {
      const { set = 0, clear = 0 } = own;
      out.set = (out.set & ~clear) | set;
      out.clear = (out.clear & ~set) | clear;
    } else if (tree !== undefined) {
      const { set = 0, clear = 0 } = tree;
      out.treeSet = (out.treeSet & ~clear) | set;
      out.treeClear = (out.treeClear & ~set) | clear;
    } else if (propagation !== undefined) out.propagation.push(propagation);
    else if (option === 'bind' || option === 'rbind') out.bind = option;
    else if (option === 'tmpcopyup') out.copyUp = true;
    else if (option === 'remount') out.remount = true;
    else if (option === 'src-nofollow') out.sourceNoFollow = true;
    else if (option === 'copy-symlink') out.copySymlink = true;
    else if (option === 'dest-nofollow') out.destinationNoFollow = true;
    else if (!NO_EFFECT.has(option) && !isIdMapOption(option)) out.data.push(option);
  }
  return out;
}

/** Flags of mount(2) for `linux.rootfsPropagation`; 0 for none. */
export function propagationFlags(name: string | undefined): number {
  const known = name === undefined ? undefined : PROPAGATIONS[name];
  return known === undefined ? 0 : known.flag | (known.recursive ? RECURSIVE : 0);
}
