import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TREE } from '#tools/places.ts';

/** Options by their long names, with the short one where there is one. */
export type Options = Readonly<Record<string, string>>;

export interface Help {
  version: string;
  commands: Readonly<Record<string, Options>>;
}

/** What a help text lists, but for the help itself. */
export function readHelp(text: string): Record<string, string> {
  const found = text.matchAll(/^ {2,8}(?:-(\w), )?--([a-z0-9-]+)/gm);
  return Object.fromEntries(
    [...found].map(([, short = '', name = '']) => [name, short] as const).filter(([name]) => name !== 'help'),
  );
}

/** As tools/beside/read-help.ts has written it. */
export function storedHelp(): { docker: Help; podman: Help } {
  return JSON.parse(readFileSync(join(TREE, 'tools/beside/help.json'), 'utf8')) as { docker: Help; podman: Help };
}
