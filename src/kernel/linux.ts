/**
 * Numbers of the Linux interface that plans are written in, equal on x86-64 and arm64 unless they come from `node:fs`.
 */
import { constants } from 'node:fs';

export const CLONE = {
  newtime: 0x80,
  parent: 0x8000,
  newns: 0x0002_0000,
  newcgroup: 0x0200_0000,
  newuts: 0x0400_0000,
  newipc: 0x0800_0000,
  newuser: 0x1000_0000,
  newpid: 0x2000_0000,
  newnet: 0x4000_0000,
} as const;

/** O_DIRECTORY and O_NOFOLLOW differ between the architectures. */
export const OPEN = {
  readOnly: 0,
  writeOnly: 1,
  readWrite: 2,
  path: 0o10000000,
  directory: constants.O_DIRECTORY,
  noFollow: constants.O_NOFOLLOW,
  nonBlock: 0o4000,
} as const;

export const RESOLVE = { noXdev: 1, noMagicLinks: 2, noSymlinks: 4, beneath: 8, inRoot: 16 } as const;

/** Attributes of a mount (mount_setattr, fsmount). `atime` is the mask of the three exclusive atime modes. */
export const MOUNT_ATTR = {
  readOnly: 0x1,
  noSuid: 0x2,
  noDev: 0x4,
  noExec: 0x8,
  atime: 0x70,
  relAtime: 0x0,
  noAtime: 0x10,
  strictAtime: 0x20,
  noDirAtime: 0x80,
  noSymFollow: 0x20_0000,
} as const;

export const PROPAGATION = { unbindable: 1 << 17, private: 1 << 18, slave: 1 << 19, shared: 1 << 20 } as const;
/** MS_REC: the whole tree. */
export const RECURSIVE = 0x4000;

export const PRCTL = { deathSignal: 1, dumpable: 4, noNewPrivileges: 38 } as const;

export const FILE_TYPE = { character: 0o020000, block: 0o060000, fifo: 0o010000 } as const;
