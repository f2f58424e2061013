import { statSync } from 'node:fs';
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
