import { COMMANDS, type Entry } from './commands.ts';
import type { FlagTable } from './flags.ts';

/** The text of `sampan --help`. */
export function overview(): string {
  const commands = Object.entries(COMMANDS).filter(([, entry]) => entry.hidden !== true);
  const width = Math.max(...commands.map(([name]) => name.length), 'oci'.length);
  const line = (name: string, summary: string): string => `  ${name.padEnd(width + 2)}${summary}`;
  return [
    'Usage:  sampan [OPTIONS] COMMAND',
    '',
    'Containers without a daemon: pull an image, unpack it, run it.',
    '',
    'Commands:',
    ...commands.map(([name, entry]) => line(name, entry.summary)),
    line('oci', 'The low-level runtime: run an OCI bundle (create, start, state, kill, delete, ...)'),
    '',
    'Options:',
    '      --root DIR       Durable state (default /var/lib/sampan)',
    '      --run-root DIR   State of this boot (default /run/sampan)',
    '      --snapshotter S  overlay or copy (default overlay)',
    '      --config FILE    Settings (default /etc/sampan/config.toml)',
    '  -v, --version        Show the version and leave',
    '  -h, --help           Show this help',
    '',
    "Run 'sampan COMMAND --help' for more on a command.",
  ].join('\n');
}

/** The text of `sampan COMMAND --help`. */
export function verbHelp(name: string, entry: Entry, flags: FlagTable): string {
  const rows = Object.entries(flags).map(([flag, spec]) => {
    const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
    return [`  ${short}--${flag}${spec.kind === 'switch' ? '' : ` ${spec.value ?? 'VALUE'}`}`, spec.does] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `Usage:  sampan ${name} ${entry.usage}`,
    '',
    entry.summary,
    '',
    'Options:',
    ...rows.map(([left, does]) => `${left.padEnd(width + 2)}${does}`),
    '',
  ].join('\n');
}
