import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deviceNumbers } from '#base/device-numbers.ts';

/**
 * Who holds which lock right now, asked from the kernel. A monitor holds an exclusive flock on its container's `lock`
 * file as long as it lives, so this is the truth about liveness, whatever the records say.
 */
export interface HeldLocks {
  has(directory: string): boolean;
}

/** One look at /proc/locks; lines are `N: FLOCK ADVISORY WRITE PID MAJ:MIN:INODE START END`. */
export function readHeldLocks(locks: string = readFileSync('/proc/locks', 'latin1')): HeldLocks {
  const held = new Set<string>();
  for (const line of locks.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[1] === 'FLOCK' && fields[3] === 'WRITE' && fields[5] !== undefined) held.add(fields[5]);
  }
  return { has: (directory) => held.has(lockName(directory)) };
}

function lockName(directory: string): string {
  try {
    const { dev, ino } = statSync(join(directory, 'lock'), { bigint: true });
    return deviceAndInode(dev, ino);
  } catch {
    return '';
  }
}

/** `MAJ:MIN:INODE` with the device numbers in two-digit hexadecimal, as the kernel prints them. */
export function deviceAndInode(dev: bigint, inode: bigint): string {
  const { major, minor } = deviceNumbers(dev);
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  return `${hex(major)}:${hex(minor)}:${inode}`;
}
