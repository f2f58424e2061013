import { Fault, sentence } from '#base/fault.ts';
import { VERSION } from '#base/version.ts';
import type { Engine } from '#engine/engine.ts';
import { COMMANDS, type Entry } from './commands.ts';
import { exitStatus, STATUS_ENGINE } from './exit-status.ts';
import { globalFlags, type GlobalFlags } from './global-flags.ts';
import type { Io } from './io.ts';
import { isOciName } from './oci-names.ts';

/** What the composition root hands to this door. */
export interface CliWorld {
  io: Io;
  openEngine(flags: GlobalFlags): Promise<Engine>;
  /** The OCI runtime's own command line. */
  oci(args: readonly string[], flags: GlobalFlags): Promise<number>;
}

/** Runs one command line; resolves to the exit status. `program` is the name or path that it was called by. */
export async function runCli(program: string, argv: readonly string[], world: CliWorld): Promise<number> {
  try {
    if (isOciName(program)) return await world.oci(argv, { version: false, help: false });
    const { flags, rest } = globalFlags(argv);
    if (flags.version) return say(world.io, `sampan version ${VERSION}`);
    if (rest[0] === 'oci') return await world.oci(rest.slice(1), flags);
    if (rest.length === 0 || flags.help || rest[0] === 'help')
      return await help(world, rest[0] === 'help' ? rest.slice(1) : []);
    const found = findCommand(rest);
    if (found === undefined) throw unknownCommand(rest[0] ?? '');
    const { runVerb } = await import('./run-verb.ts');
    return await runVerb(found.name, found.entry, found.args, flags, world);
  } catch (error) {
    return complain(world.io, error);
  }
}

/** Says what went wrong, and what to do next where that is known. */
export function complain(io: Io, error: unknown): number {
  const usage = error instanceof Fault && error.facts['usage'] === true;
  io.err(`sampan: ${sentence(error)}\n`);
  if (error instanceof Fault && error.hint !== undefined) io.err(`${error.hint}\n`);
  // For maintainers: where in the code, cause by cause.
  if ((io.env['SAMPAN_DEBUG'] ?? '') !== '') for (const trace of traces(error)) io.err(`${trace}\n`);
  return usage ? STATUS_ENGINE : exitStatus(error);
}

function traces(error: unknown): string[] {
  const found: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) found.push(at.stack ?? at.message);
  return found;
}

/** `container run` and `image pull` are the same as `run` and `pull`. */
const ALIASES: Record<string, string> = {
  'container ls': 'ps',
  'container list': 'ps',
  'container ps': 'ps',
  'system events': 'events',
  'image ls': 'images',
  'image list': 'images',
  'image rm': 'rmi',
};

function findCommand(rest: readonly string[]): { name: string; entry: Entry; args: readonly string[] } | undefined {
  const two = rest.slice(0, 2).join(' ');
  const second = (rest[0] === 'container' || rest[0] === 'image') && rest[1] !== undefined ? rest[1] : undefined;
  for (const [name, words] of [
    [two, 2],
    [ALIASES[two] ?? '', 2],
    [second ?? '', 2],
    [rest[0] ?? '', 1],
  ] as const) {
    const entry = COMMANDS[name];
    if (entry !== undefined) return { name, entry, args: rest.slice(words) };
  }
  return undefined;
}

function unknownCommand(name: string): Fault {
  return new Fault('invalid', `"${name}" is not a sampan command`, {
    facts: { usage: true },
    hint: "See 'sampan --help'.",
  });
}

function say(io: Io, text: string): number {
  io.out(`${text}\n`);
  return 0;
}

async function help(world: CliWorld, words: readonly string[]): Promise<number> {
  const found = words.length === 0 ? undefined : findCommand(words);
  if (found !== undefined) {
    const { runVerb } = await import('./run-verb.ts');
    return runVerb(found.name, found.entry, ['--help'], { version: false, help: false }, world);
  }
  const { overview } = await import('./overview.ts');
  return say(world.io, overview());
}
