import type { StepSpec } from './step-spec.ts';

/**
 * The second vocabulary: what the launcher's `apply` role does to a directory tree, read as a stream from its
 * standard input. Every path is relative and resolved below the target directory by the kernel. Strings are byte
 * strings (one character is one byte, as `latin1` decodes them), so that names in any encoding survive.
 * `xattrs` alternates names and values, values in hexadecimal. Owners are set first, then the mode, then xattrs.
 */
export const FILE_STEPS = {
  directory: {
    code: 1,
    does: 'Makes a directory, or takes an existing one, and sets its attributes (times are set at the end of the stream).',
    fields: { path: 'str', mode: 'u32', uid: 'u32', gid: 'u32', mtimeSec: 'u64', mtimeNsec: 'u32', xattrs: 'strs?' },
  },
  file: {
    code: 2,
    does: 'Makes a regular file anew (an old object of that name is removed) of the given size; `data` steps fill it.',
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
  data: { code: 3, does: 'Writes bytes at offset of the file being made.', fields: { offset: 'u64', bytes: 'bytes' } },
  symlink: {
    code: 4,
    does: 'Makes a symlink anew.',
    fields: { path: 'str', target: 'str', uid: 'u32', gid: 'u32', mtimeSec: 'u64', mtimeNsec: 'u32', xattrs: 'strs?' },
  },
  hardlink: {
    code: 5,
    does: 'Makes a hard link to an object of the same tree; the target is not followed when it is a symlink.',
    fields: { path: 'str', target: 'str' },
  },
  node: {
    code: 6,
    does: 'Makes a device, fifo or socket node anew.',
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
  whiteout: {
    code: 7,
    does: 'Marks path as deleted in the way of overlay: a character device 0:0.',
    fields: { path: 'str' },
  },
  opaque: {
    code: 8,
    does: 'Marks the directory as hiding everything below it: trusted.overlay.opaque=y.',
    fields: { path: 'str' },
  },
  end: {
    code: 15,
    does: 'Ends the stream: the directories get their times; sync=1 calls syncfs; a final `done` record is sent. A stream without it counts as torn.',
    fields: { sync: 'u32?' },
  },
} as const satisfies Record<string, StepSpec>;
