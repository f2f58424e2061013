import { readFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';

/**
 * Lines of an `--env-file` or `--label-file`: `NAME=value`, or a name alone. Values are taken as they stand, quotes and
 * all, as docker does; empty lines and those that begin with # say nothing. `field` names the option.
 */
export function readPairFile(path: string, field: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Fault('invalid', `read ${field}: ${path}`, { cause, field });
  }
  if (text.includes('\ufffd')) throw new Fault('invalid', `read ${field}: ${path} is not UTF-8`, { field });
  return text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => checked(line, path, field));
}

/** Docker takes a name alone for a label in no file. */
export const readLabelFile = (path: string): string[] =>
  readPairFile(path, '--label-file').filter((line) => line.includes('='));

function checked(line: string, path: string, field: string): string {
  const name = line.split('=', 1)[0] ?? '';
  const why = name === '' ? 'a line has no name' : /\s/.test(name) ? `the name "${name}" has blanks in it` : undefined;
  if (why !== undefined) throw new Fault('invalid', `read ${field}: ${path}: ${why}`, { field });
  return line;
}
