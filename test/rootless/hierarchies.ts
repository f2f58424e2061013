import { readFileSync } from 'node:fs';

/** Where the hierarchies of version 1 are mounted, each once. */
export function hierarchies(): string[] {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, mount = '', type] = line.split(' ');
    return type === 'cgroup' ? [mount] : [];
  });
}

export const HAS_V1 = hierarchies().length > 0;
