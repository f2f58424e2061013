import type { ContainerOptions } from '#engine/container/options.ts';
import { mountNames } from '#engine/volume/shown.ts';

/** Signs that Go writes by a letter. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};
const MOUNT_WIDTH = 15;

/** In quotes, as Go writes a text that can be read back: what a program's arguments hold never reaches the terminal raw. */
export function quoted(text: string): string {
  // eslint-disable-next-line no-control-regex
  const inner = text.replace(/["\\\p{C}]/gu, (sign) => ESCAPES[sign] ?? escaped(sign));
  return `"${inner}"`;
}

function escaped(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code < 0x80) return `\\x${digits.padStart(2, '0')}`;
  return code > 0xffff ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`;
}

/** `a=1,b=2`, by name. */
export function shownLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(',');
}

export function shownMountNames(options: ContainerOptions, whole: boolean): string {
  return mountNames(options)
    .map((name) => (whole || name.length <= MOUNT_WIDTH ? name : `${name.slice(0, MOUNT_WIDTH - 1)}…`))
    .join(',');
}
