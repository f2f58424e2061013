import { readdirSync, readFileSync } from 'node:fs';

/** The resctrl file system of this machine: cache and memory bandwidth by group. */
export interface Resctrl {
  /** Where it is mounted. */
  readonly path: string;
  /** The schemata of each group by name; that of all others is called `/`. */
  readonly groups: Readonly<Record<string, string>>;
}

/** Directories in it that are no groups. */
const OWN = new Set(['info', 'mon_data', 'mon_groups']);

/** Undefined when it is not mounted. */
export function readResctrl(mountinfo: string): Resctrl | undefined {
  const line = mountinfo.split('\n').find((text) => text.includes(' - resctrl '));
  const path = line?.split(' ')[4];
  if (path === undefined) return undefined;
  const groups: Record<string, string> = {};
  for (const name of ['/', ...directories(path)]) {
    try {
      groups[name] = readFileSync(`${path}/${name === '/' ? '' : `${name}/`}schemata`, 'latin1');
    } catch {
      // It was removed meanwhile.
    }
  }
  return { path, groups };
}

function directories(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !OWN.has(entry.name)).map(({ name }) => name);
  } catch {
    return [];
  }
}
