import { readFileSync } from 'node:fs';

/** The text of a file of a control group, without the line's end; undefined when it cannot be read. */
export function readControl(group: string | undefined, file: string): string | undefined {
  if (group === undefined) return undefined;
  try {
    return readFileSync(`${group}/${file}`, 'latin1').trimEnd();
  } catch {
    return undefined;
  }
}

/** A file of one number. `max` of version 2 is the greatest there is. */
export function readNumber(group: string | undefined, file: string): bigint | undefined {
  const text = readControl(group, file);
  if (text === 'max') return MAX;
  return text !== undefined && /^-?\d+$/.test(text) ? BigInt(text) : undefined;
}

export const MAX = (1n << 64n) - 1n;

/** Lines of a name and a number, as in memory.stat. */
export function readTable(group: string | undefined, file: string): Record<string, bigint> {
  const table: Record<string, bigint> = {};
  for (const line of (readControl(group, file) ?? '').split('\n')) {
    const [name, value] = line.split(' ');
    if (name !== undefined && value !== undefined && /^\d+$/.test(value)) table[name] = BigInt(value);
  }
  return table;
}
