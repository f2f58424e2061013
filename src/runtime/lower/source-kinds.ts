import { readlinkSync, statSync } from 'node:fs';
import type { SourceKind } from './context.ts';

/** What is missing is left out: the lowering says so, with the mount that asked for it. */
export function sourceKinds(paths: readonly string[]): Map<string, SourceKind> {
  const kinds = new Map<string, SourceKind>();
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined) kinds.set(path, stat.isDirectory() ? 'directory' : 'file');
  }
  return kinds;
}

/** What the symlinks among these paths say. */
export function linkTargets(paths: readonly string[]): Map<string, string> {
  const targets = new Map<string, string>();
  for (const path of paths) {
    try {
      targets.set(path, readlinkSync(path));
    } catch {
      // No symlink, or nothing at all: that is said where it matters.
    }
  }
  return targets;
}
