import { readdirSync } from 'node:fs';

/** A control group and all groups below it, deepest first; nothing when it does not exist. */
export function groupsBelow(path: string): string[] {
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
  return [
    ...entries.filter((entry) => entry.isDirectory()).flatMap((entry) => groupsBelow(`${path}/${entry.name}`)),
    path,
  ];
}
