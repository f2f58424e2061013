/** Who dies: the command line, a container's monitor, its first process, or everything at once ("power cut"). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const VICTIMS = ['cli', 'cli', 'monitor', 'container', 'all'] as const;
export type Victim = (typeof VICTIMS)[number];

export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was faster.
  }
}

const first = (path: string): number => {
  try {
    return Number(readFileSync(path, 'latin1').split(' ')[0]) || 0;
  } catch {
    return 0;
  }
};

export const monitorOf = (root: string, id: string): number => first(join(root, 'containers', id, 'lock'));
export const firstProcessOf = (root: string, id: string): number => first(join(root, 'containers', id, 'pid'));

export interface Found {
  pid: number;
  line: string;
}

/** Living processes that have the root among their words: our programs, and those of its containers. */
export function processesOf(root: string): Found[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const line = readFileSync(`/proc/${name}/cmdline`, 'latin1');
        return line.includes(root) ? [{ pid: Number(name), line: line.replaceAll('\0', ' ').slice(0, 120) }] : [];
      } catch {
        return [];
      }
    });
}

const ROUNDS = 100;

/** As often as it takes: who is just being made is not seen at first. */
export function killAll(root: string): void {
  for (let round = 0, quiet = 0; round < ROUNDS && quiet < 3; round += 1) {
    const found = processesOf(root);
    quiet = found.length === 0 ? quiet + 1 : 0;
    for (const { pid } of found) killProcess(pid);
  }
}
