import type { StepSpec } from './step-spec.ts';

/**
 * The second vocabulary: what the launcher's `apply` role does to a directory tree, read as a stream from its
 * standard input. Every path is relative and resolved below the target directory by the kernel. Strings are byte
 * strings (one character is one byte, as `latin1` decodes them), so that names in any encoding survive.
 * `xattrs` alternates names and values, values in hexadecimal. Owners are set first, then the mode, then xattrs.
 */
export const FILE_STEPS = {
  /** Makes a directory, or takes an existing one, and sets its attributes (times are set at the end of the stream). */
  directory: {
    code: 1,
    fields: { path: 'str', mode: 'u32', uid: 'u32', gid: 'u32', mtimeSec: 'u64', mtimeNsec: 'u32', xattrs: 'strs?' },
  },
  /** Makes a regular file anew (an old object of that name is removed) of the given size; `data` steps fill it. */
  file: {
    code: 2,
    fields: {
      path: 'str',
      mode: 'u32',
      uid: 'u32',
      gid: 'u32',
      size: 'u64',
      mtimeSec: 'u64',
      mtimeNsec: 'u32',
      xattrs: 'strs?',
    },
  },
  /** Writes bytes at offset of the file being made. */
  data: { code: 3, fields: { offset: 'u64', bytes: 'bytes' } },
  /** Makes a symlink anew. */
  symlink: {
    code: 4,
    fields: { path: 'str', target: 'str', uid: 'u32', gid: 'u32', mtimeSec: 'u64', mtimeNsec: 'u32', xattrs: 'strs?' },
  },
  /** Makes a hard link to an object of the same tree; the target is not followed when it is a symlink. */
  hardlink: { code: 5, fields: { path: 'str', target: 'str' } },
  /** Makes a device, fifo or socket node anew. */
  node: {
    code: 6,
    fields: {
      path: 'str',
      mode: 'u32',
      major: 'u32',
      minor: 'u32',
      uid: 'u32',
      gid: 'u32',
      mtimeSec: 'u64',
      mtimeNsec: 'u32',
      xattrs: 'strs?',
    },
  },
  /** Marks path as deleted in the way of overlay: a character device 0:0. */
  whiteout: { code: 7, fields: { path: 'str' } },
  /** Marks the directory as hiding everything below it: trusted.overlay.opaque=y. */
  opaque: { code: 8, fields: { path: 'str' } },
  /**
   * From here on a directory is never replaced by anything else (EISDIR), nor anything else by a directory (ENOTDIR). With
   * a uid, files are made as that user and group, with all rights over files kept: where root has no number.
   */
  keepKinds: { code: 9, fields: { uid: 'u32?', gid: 'u32?' } },
  /**
   * Ends the stream: the directories get their times; sync=1 calls syncfs; a final `done` record is sent. A stream
   * without it counts as torn.
   */
  end: { code: 15, fields: { sync: 'u32?' } },
} as const satisfies Record<string, StepSpec>;
