import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** The checkout. */
export const TREE = new URL('..', import.meta.url).pathname.replace(/\/$/, '');

/** A directory below .work, which git ignores: caches, and what runs leave aside. */
export function workDirectory(...parts: string[]): string {
  const path = join(TREE, '.work', ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}

export const BUN = join(TREE, 'node_modules/.bin/bun');
export const SAMPAN = join(TREE, 'dist/sampan');
export const LAUNCHER = join(TREE, 'dist/launcher');
