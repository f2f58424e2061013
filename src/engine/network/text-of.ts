import { readFileSync } from 'node:fs';

/** What is in a file; empty when it cannot be read, as those of a kernel that lacks a part. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
