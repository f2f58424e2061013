import { COMMANDS } from './commands.ts';

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
    '  -D, --debug          Show where a failure came from',
    '  -v, --version        Show the version and leave',
    '  -h, --help           Show this help',
    '',
    "Run 'sampan COMMAND --help' for more on a command.",
  ].join('\n');
}
