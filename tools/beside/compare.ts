import { findCommand } from '#doors/cli/find-command.ts';
import type { FlagTable } from '#doors/cli/flags.ts';
import { absenceOf, differenceOf, isPending } from './differences.ts';
import type { Options } from './help.ts';

export interface Compared {
  command: string;
  /** Of docker's, by name. */
  options: readonly { name: string; short: string; here: string }[];
  /** Ours that docker has not. */
  more: readonly string[];
}

/** Docker's options of one command beside ours. Throws for one of which nothing is said, or too much. */
export async function compare(command: string, theirs: Options): Promise<Compared> {
  const ours = await flagsOf(command);
  const options = Object.entries(theirs).map(([name, short]) => ({
    name,
    short,
    here: hereOf(command, name, short, ours),
  }));
  return { command, options, more: Object.keys(ours).filter((name) => theirs[name] === undefined) };
}

async function flagsOf(command: string): Promise<FlagTable> {
  const found = findCommand(['container', command]);
  if (found === undefined) throw new Error(`there is no command "container ${command}"`);
  return (await found.entry.load()).flags;
}

function hereOf(command: string, name: string, short: string, ours: FlagTable): string {
  const [own, absence] = [ours[name], absenceOf(command, name)];
  const words = `--${name} of ${command}`;
  if (own === undefined) {
    if (isPending(command, name)) return 'not there yet';
    if (absence === undefined)
      throw new Error(`${words} is not there, and tools/beside/differences.ts does not say why`);
    return `not there: ${absence}`;
  }
  if (absence !== undefined) throw new Error(`${words} is there, and tools/beside/differences.ts says that it is not`);
  if ((own.short ?? '') !== short) throw new Error(`${words} is -${short} in docker and -${own.short ?? ''} here`);
  return differenceOf(command, name) ?? 'the same';
}
