/** The composition root of the engine's commands in the front. */
import { Fault } from '#base/fault.ts';
import { complain, type CliWorld } from '#doors/cli/cli.ts';
import { COMMANDS } from '#doors/cli/commands.ts';
import { globalFlags } from '#doors/cli/global-flags.ts';
import { parseFlags } from '#doors/cli/flags.ts';
import { outputTo } from '#doors/cli/output.ts';
import { places } from '#doors/cli/places.ts';
import { runVerb } from '#doors/cli/run-verb.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { loadConfig } from '#engine/config/file.ts';
import { openEngine } from '#engine/engine.ts';
import { readHostFacts } from '#kernel/host-facts.ts';
import { makePrivate } from '#kernel/install-launcher.ts';
import { nativeLauncher, type Launcher } from '#kernel/launcher.ts';
import { isShort } from '#store/registry/short-names.ts';
import { FRONT_COMMANDS, LARGE_NAME } from './commands.ts';
import { enterUserNamespace, needsNamespace } from './enter-user.ts';
import { installGlobals } from './shim/globals.ts';
import { host } from './shim/host.ts';
import { becomeLarge } from './shim/large.ts';
import { Output } from './shim/output.ts';

/** Monitors live long, so they share the pages of one file; the large program lays it down. */
function sharedLauncher(runDirectory: string): Launcher {
  makePrivate(runDirectory);
  const path = `${runDirectory}/launcher`;
  return host.launcherIs(path) ? nativeLauncher(path, runDirectory) : becomeLarge();
}

function theWorld(): CliWorld {
  const { env } = process;
  const [out, err] = [outputTo(1), outputTo(2)];
  return {
    io: {
      get stdin() {
        return becomeLarge();
      },
      stdout: new Output(1) as unknown as NodeJS.WriteStream,
      stderr: new Output(2) as unknown as NodeJS.WriteStream,
      out: out.write,
      err: err.write,
      env,
    },
    openEngine: async (flags) => {
      const { root, runDirectory } = places(flags, env, host.uid);
      return openEngine({
        root,
        runDirectory,
        launcher: sharedLauncher(runDirectory),
        readFacts: readHostFacts,
        readConfig: () => loadConfig({ named: flags.config ?? env['SAMPAN_CONFIG'], env, isRoot: true }),
        // The settings that tell more meanings are read by the large program.
        shortNames: (text) => (isShort(text) ? becomeLarge() : []),
        self: [host.readlink('/proc/self/exe'), '--root', root, '--run-root', runDirectory],
        ...(flags.snapshotter === 'copy' ? { snapshotter: 'copy' as const } : {}),
      });
    },
    serveRegistry: () => becomeLarge(),
    oci: () => becomeLarge(),
  };
}

/** What needs the terminal or standard input is for the large program, and so is a line that cannot be read. */
function isPlain(verb: Verb, args: readonly string[], forLarge: readonly string[]): boolean {
  try {
    const { flags } = parseFlags(args, verb.flags, verb.stop === true);
    return !forLarge.some((name) => flags.list(name).some((value) => value !== 'false'));
  } catch {
    return false;
  }
}

/** Of what is called `container WORD`, the clean-up, and those that mean the same without the group's word. */
function commandOf(rest: readonly string[]) {
  const isLong = rest[0] === 'container';
  const [word = '', ...args] = isLong ? rest.slice(1) : rest;
  const name = isLong && COMMANDS[`container ${word}`] !== undefined ? `container ${word}` : word;
  const isOurs = name === word || name === 'container cleanup';
  return { name, args, entry: COMMANDS[name], forLarge: isOurs ? FRONT_COMMANDS[word] : undefined };
}

async function command(world: CliWorld): Promise<number> {
  // Else a front that is not joined with the large program would begin anew for ever.
  if (host.argv[0] === LARGE_NAME) throw new Fault('internal', 'the large program is missing from this executable');
  const { flags, rest } = globalFlags(host.argv.slice(1));
  if (host.uid !== 0 && needsNamespace(rest))
    enterUserNamespace(flags, (text) => world.io.err(`sampan: warning: ${text}\n`));
  const { name, args, entry, forLarge } = commandOf(rest);
  if (entry === undefined || forLarge === undefined) return becomeLarge();
  const verb = await entry.load();
  if (!isPlain(verb, args, forLarge)) return becomeLarge();
  return runVerb(name, { ...entry, load: () => Promise.resolve(verb) }, args, flags, world);
}

async function main(): Promise<number> {
  const world = theWorld();
  try {
    return await command(world);
  } catch (error) {
    return complain(world.io, error);
  }
}

installGlobals(main);
