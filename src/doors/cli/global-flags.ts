import { Fault } from '#base/fault.ts';
import type { FlagTable } from './flags.ts';

/** Options that stand before the command. */
export interface GlobalFlags {
  root?: string;
  runRoot?: string;
  snapshotter?: string;
  /** The configuration file. */
  config?: string;
  version: boolean;
  help: boolean;
}

/** The same as a table, for help and completion. */
export const GLOBAL_FLAGS: FlagTable = {
  root: { kind: 'text', value: 'DIR', does: "Durable state (default /var/lib/sampan; a user's in ~/.local/share)" },
  'run-root': {
    kind: 'text',
    value: 'DIR',
    does: "State of this boot (default /run/sampan; a user's in $XDG_RUNTIME_DIR)",
  },
  snapshotter: { kind: 'text', value: 'NAME', does: 'overlay or copy (default overlay)' },
  config: { kind: 'text', value: 'FILE', does: 'Settings (default /etc/sampan/config.toml)' },
  version: { kind: 'switch', short: 'v', does: 'Show the version and leave' },
  help: { kind: 'switch', short: 'h', does: 'Show this help' },
};

const SWITCHES: Record<string, 'version' | 'help'> = {
  '--version': 'version',
  '-v': 'version',
  '--help': 'help',
  '-h': 'help',
};
const VALUES: Record<string, 'root' | 'runRoot' | 'snapshotter' | 'config'> = {
  '--root': 'root',
  '--run-root': 'runRoot',
  '--snapshotter': 'snapshotter',
  '--config': 'config',
};

/** Splits the command line at the command's name. By hand, since `--version` must not wait for a parser to load. */
export function globalFlags(argv: readonly string[]): { flags: GlobalFlags; rest: string[] } {
  const flags: GlobalFlags = { version: false, help: false };
  let at = 0;
  for (; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-')) break;
    const [name, inline] = splitValue(word);
    const toggle = SWITCHES[name];
    const taker = VALUES[name];
    if (toggle !== undefined && inline === undefined) flags[toggle] = true;
    else if (taker !== undefined) flags[taker] = inline ?? next(argv, ++at, name);
    else
      throw new Fault('invalid', `unknown flag: ${word}`, {
        field: word,
        facts: { usage: true },
        hint: "See 'sampan --help'.",
      });
  }
  checkSnapshotter(flags.snapshotter);
  return { flags, rest: argv.slice(at) };
}

function checkSnapshotter(name: string | undefined): void {
  if (name === undefined || name === 'overlay' || name === 'copy') return;
  throw new Fault('invalid', `read --snapshotter: "${name}" is neither overlay nor copy`, {
    field: '--snapshotter',
    facts: { usage: true },
  });
}

function splitValue(word: string): [string, string?] {
  const equals = word.indexOf('=');
  return equals === -1 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
}

function next(argv: readonly string[], at: number, name: string): string {
  const value = argv[at];
  if (value === undefined)
    throw new Fault('invalid', `flag needs an argument: ${name}`, { field: name, facts: { usage: true } });
  return value;
}
