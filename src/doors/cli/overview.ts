import { COMMANDS, type Entry } from './commands.ts';
import { EXAMPLES } from './examples.ts';
import { groupNames } from './find-command.ts';
import type { FlagTable } from './flags.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';

/** The text of `sampan --help`. */
export function overview(): string {
  const commands = Object.entries(COMMANDS).filter(([name, entry]) => entry.hidden !== true && !name.includes(' '));
  const width = Math.max(...commands.map(([name]) => name.length), 'oci'.length);
  const line = (name: string, summary: string): string => `  ${name.padEnd(width + 2)}${summary}`;
  const groups = groupNames();
  return [
    'Usage:  sampan [OPTIONS] COMMAND',
    '',
    'Containers without a daemon: pull an image, unpack it, run it.',
    '',
    'Commands:',
    ...commands.map(([name, entry]) => line(name, entry.summary)),
    line('oci', 'The low-level runtime: run an OCI bundle (create, start, state, kill, delete, ...)'),
    '',
    'Groups:',
    ...groups.map((name) => line(name, GROUP_SUMMARIES[name] ?? '')),
    '',
    'Options:',
    ...flagLines(GLOBAL_FLAGS),
    '',
    "Run 'sampan COMMAND --help' for more on a command.",
  ].join('\n');
}

const GROUP_SUMMARIES: Readonly<Record<string, string>> = {
  container: 'Manage containers',
  image: 'Manage images',
  manifest: 'Manage indexes: images for several platforms under one name',
  registry: 'Serve images to others',
  system: 'Look after the whole store',
  volume: 'Manage volumes',
};

/** The text of `sampan GROUP --help`. */
export function groupHelp(group: string, members: Readonly<Record<string, Entry>>): string {
  const width = Math.max(...Object.keys(members).map((name) => name.length));
  return [
    `Usage:  sampan ${group} COMMAND`,
    '',
    GROUP_SUMMARIES[group] ?? group,
    '',
    'Commands:',
    ...Object.entries(members).map(([name, { summary }]) => `  ${name.padEnd(width + 2)}${summary}`),
    '',
    `Run 'sampan ${group} COMMAND --help' for more on a command.`,
  ].join('\n');
}

/** The text of `sampan COMMAND --help`. */
export function verbHelp(name: string, entry: Entry, flags: FlagTable): string {
  return [
    `Usage:  sampan ${name} ${entry.usage}`,
    '',
    entry.summary,
    '',
    'Options:',
    ...flagLines(flags),
    ...examplesOf(name),
    '',
  ].join('\n');
}

function flagLines(flags: FlagTable): string[] {
  const rows = Object.entries(flags).map(([flag, { short, kind, value = 'VALUE', does }]) => {
    const letter = short === undefined ? '    ' : `-${short}, `;
    return [`  ${letter}--${flag}${kind === 'switch' ? '' : ` ${value}`}`, does] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, does]) => `${left.padEnd(width + 2)}${does}`);
}

function examplesOf(name: string): string[] {
  const examples = EXAMPLES[name] ?? [];
  return examples.length === 0
    ? []
    : ['', 'Examples:', ...examples.flatMap(([words, does]) => [`  # ${does}`, `  sampan ${words}`])];
}
