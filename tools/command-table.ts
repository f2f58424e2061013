/** Every command that is shown, with what its declaration says: what manual pages and the reference are written from. */
import { COMMANDS } from '#doors/cli/commands.ts';
import { EXAMPLES } from '#doors/cli/examples.ts';
import type { FlagTable } from '#doors/cli/flags.ts';

export interface CommandPage {
  /** `image prune` */
  name: string;
  usage: string;
  summary: string;
  flags: FlagTable;
  examples: readonly (readonly [words: string, does: string])[];
}

export async function commandPages(): Promise<CommandPage[]> {
  const shown = Object.entries(COMMANDS).filter(([, { hidden }]) => hidden !== true);
  const pages = shown.map(async ([name, { usage, summary, load }]) => {
    const { flags } = await load();
    return { name, usage, summary, flags, examples: EXAMPLES[name] ?? [] };
  });
  return (await Promise.all(pages)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `-f, --filter KEY=VALUE` */
export function flagWords(name: string, { short, kind, value }: FlagTable[string]): string {
  const letter = short === undefined ? '' : `-${short}, `;
  return `${letter}--${name}${kind === 'switch' ? '' : ` ${value ?? 'VALUE'}`}`;
}
