import { Command, CommanderError } from 'commander';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import type { CliWorld } from './cli.ts';
import type { Entry } from './commands.ts';
import type { GlobalFlags } from './global-flags.ts';

/** Parses the arguments of one command by its own declaration and calls it. */
export async function runVerb(
  name: string,
  entry: Entry,
  args: readonly string[],
  flags: GlobalFlags,
  world: CliWorld,
): Promise<number> {
  const verb = await entry.load();
  const command = new Command(`sampan ${name}`);
  command.usage(entry.usage).description(entry.summary).helpOption('--help', 'Show this help');
  command.exitOverride().allowExcessArguments(false);
  command.configureOutput({ writeOut: (text) => world.io.out(text), writeErr: () => undefined });
  verb.configure(command);
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return 0;
    throw usageFault(name, error);
  }
  const positional = command.processedArgs.flat().filter((value): value is string => typeof value === 'string');
  return verb.act({ args: positional, options: command.opts(), io: world.io, engine: () => openSettled(world, flags) });
}

/** The engine after crashes of the past have been cleared; what was repaired is said on standard error. */
async function openSettled(world: CliWorld, flags: GlobalFlags): Promise<Engine> {
  const engine = await world.openEngine(flags);
  const { reconcile } = await import('#engine/container/reconcile.ts');
  for (const repaired of await reconcile(engine)) world.io.err(`sampan: ${repaired}\n`);
  return engine;
}

/** Parser errors in docker's words. */
function usageFault(name: string, error: CommanderError): Fault {
  const flag = /unknown option '([^']+)'/.exec(error.message)?.[1];
  const message = flag === undefined ? error.message.replace(/^error: /, '') : `unknown flag: ${flag}`;
  return new Fault('invalid', message, {
    ...(flag === undefined ? {} : { field: flag }),
    facts: { usage: true },
    hint: `See 'sampan ${name} --help'.`,
  });
}
