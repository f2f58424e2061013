import { Fault, sentence } from '#base/fault.ts';
import { VERSION } from '#base/version.ts';
import { visible } from '#base/visible.ts';
import type { Engine } from '#engine/engine.ts';
import type { ServeRegistry } from '#engine/hosting/serving.ts';
import { exitStatus, STATUS_ENGINE } from './exit-status.ts';
import { findCommand, groupMembers, unknownCommand } from './find-command.ts';
import { globalFlags, type GlobalFlags } from './global-flags.ts';
import type { Io } from './io.ts';
import { isOciName } from './oci-names.ts';

/** What the composition root hands to this door. */
export interface CliWorld {
  io: Io;
  openEngine(flags: GlobalFlags): Promise<Engine>;
  serveRegistry: ServeRegistry;
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
    if (found === undefined) return await group(world, rest);
    const { runVerb } = await import('./run-verb.ts');
    return await runVerb(found.name, found.entry, found.args, flags, world);
  } catch (error) {
    return complain(world.io, error);
  }
}

/** Says what went wrong, and what to do next where that is known. */
export function complain(io: Io, error: unknown): number {
  const usage = error instanceof Fault && error.facts['usage'] === true;
  // Names of files in it may be a container's, and more than names.
  io.err(`sampan: ${visible(sentence(error))}\n`);
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

function say(io: Io, text: string): number {
  io.out(`${text}\n`);
  return 0;
}

/** A group's own word, alone or before --help, lists its commands; anything else is no command. */
async function group(world: CliWorld, [name = '', ...words]: readonly string[]): Promise<number> {
  const members = groupMembers(name);
  const asked = words.length === 0 || ['--help', '-h', 'help'].includes(words[0] ?? '');
  if (members === undefined || !asked) throw await unknownCommand([name, ...words]);
  const { groupHelp } = await import('./overview.ts');
  return say(world.io, groupHelp(name, members));
}

async function help(world: CliWorld, words: readonly string[]): Promise<number> {
  const found = findCommand(words);
  if (found !== undefined) {
    const { runVerb } = await import('./run-verb.ts');
    return runVerb(found.name, found.entry, ['--help'], { version: false, help: false }, world);
  }
  if (words.length > 0) return group(world, words.slice(0, 2));
  const { overview } = await import('./overview.ts');
  return say(world.io, overview());
}
