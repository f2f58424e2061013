import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isAlive } from '#base/process-identity.ts';
import type { Launcher } from '#kernel/launcher.ts';

/**
 * A private directory for what is not finished yet. Its name tells its owner, `PID-STARTTIME-RANDOM`, so that the
 * leavings of a dead process are known without asking anyone, and never by their age.
 */
export interface WorkArea {
  readonly owner: string;
  readonly path: string;
  remove(): Promise<void>;
}

export function openWorkArea(root: string, launcher: Launcher): WorkArea {
  const owner = newOwner();
  const parent = workDirectory(root);
  const path = join(parent, owner);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return { owner, path, remove: () => launcher.remove(parent, owner) };
}

export function newOwner(): string {
  const identity = identify(process.pid) ?? `${process.pid}:0`;
  return `${identity.replace(':', '-')}-${randomBytes(6).toString('hex')}`;
}

export function ownerLives(owner: string): boolean {
  const [pid = '', start = ''] = owner.split('-');
  return isAlive(`${pid}:${start}`);
}

export function workDirectory(root: string): string {
  return join(root, 'work');
}

/** Names in a directory; none when it is missing. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
