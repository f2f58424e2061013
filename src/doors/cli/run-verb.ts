import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import type { CliWorld } from './cli.ts';
import type { Entry } from './commands.ts';
import { parseFlags, usage, type FlagTable } from './flags.ts';
import type { GlobalFlags } from './global-flags.ts';
import type { Verb } from './verb.ts';

const HELP: FlagTable = { help: { kind: 'switch', does: 'Show this help' } };

/** Parses the arguments of one command by its own declaration and calls it. */
export async function runVerb(
  name: string,
  entry: Entry,
  args: readonly string[],
  flags: GlobalFlags,
  world: CliWorld,
): Promise<number> {
  const verb = await entry.load();
  const parsed = parse(name, verb, args);
  if (parsed.flags.on('help')) {
    const { verbHelp } = await import('./overview.ts');
    world.io.out(verbHelp(name, entry, { ...verb.flags, ...HELP }));
    return 0;
  }
  const [least, most] = verb.args;
  if (parsed.rest.length < least || parsed.rest.length > most) throw wrongCount(name, verb, parsed.rest.length);
  return verb.act({
    args: parsed.rest,
    flags: parsed.flags,
    io: world.io,
    globals: flags,
    engine: (places = flags) => openSettled(world, places),
    unsettledEngine: () => world.openEngine(flags),
    serveRegistry: world.serveRegistry,
  });
}

function parse(name: string, verb: Verb, args: readonly string[]): ReturnType<typeof parseFlags> {
  try {
    return parseFlags(args, { ...verb.flags, ...HELP }, verb.stop === true, verb.refused);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.kind, error.message, {
      facts: error.facts,
      hint: error.hint ?? hint(name),
      ...(error.field === undefined ? {} : { field: error.field }),
    });
  }
}

const hint = (name: string): string => `See 'sampan ${name} --help'.`;

function wrongCount(name: string, { args: [least, most] }: Verb, count: number): Fault {
  const wanted = least === most ? `${least}` : count < least ? `at least ${least}` : `at most ${most}`;
  const fault = usage(`"sampan ${name}" takes ${wanted} argument${wanted.endsWith(' 1') || wanted === '1' ? '' : 's'}`);
  return new Fault(fault.kind, fault.message, { facts: fault.facts, hint: hint(name) });
}

/** The engine after crashes of the past have been cleared; what was repaired is said on standard error. */
async function openSettled(world: CliWorld, flags: GlobalFlags): Promise<Engine> {
  const engine = await world.openEngine(flags);
  const { reconcile } = await import('#engine/container/reconcile.ts');
  for (const repaired of await reconcile(engine)) world.io.err(`sampan: ${repaired}\n`);
  return engine;
}
