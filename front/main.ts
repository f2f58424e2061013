/** The composition root of the front: the OCI runtime's command line and `run`, on the small engine. */
import { Fault } from '#base/fault.ts';
import { complain, type CliWorld } from '#doors/cli/cli.ts';
import { COMMANDS } from '#doors/cli/commands.ts';
import { globalFlags, type GlobalFlags } from '#doors/cli/global-flags.ts';
import { run } from '#doors/cli/engine/run.ts';
import { parseFlags } from '#doors/cli/flags.ts';
import { ociCommand } from '#doors/cli/oci/oci.ts';
import { outputTo } from '#doors/cli/output.ts';
import { places } from '#doors/cli/places.ts';
import { runVerb } from '#doors/cli/run-verb.ts';
import { openEngine } from '#engine/engine.ts';
import { readHostFacts } from '#kernel/host-facts.ts';
import { makePrivate } from '#kernel/install-launcher.ts';
import { nativeLauncher, type Launcher } from '#kernel/launcher.ts';
import { installGlobals } from './shim/globals.ts';
import { host } from './shim/host.ts';
import { becomeLarge, LARGE_NAME } from './shim/large.ts';
import { finish } from './shim/loop.ts';
import { Output } from './shim/output.ts';

installGlobals();
const { env } = process;
const [out, err] = [outputTo(1), outputTo(2)];
const RUNTIME_NAMES = /(?:^|\/)(?:sampan-oci|runc|crun)$/;

function oci(args: readonly string[], flags: Pick<GlobalFlags, 'root' | 'runRoot'>): Promise<number> {
  const { runDirectory } = places(flags, env, host.uid);
  return ociCommand([...args], {
    env,
    stdout: out,
    stderr: err,
    launcher: async () => {
      makePrivate(runDirectory);
      return nativeLauncher(host.launcher(), runDirectory);
    },
    runDirectory,
  });
}

/** Monitors live long, so they share the pages of one file; the large program lays it down. */
function sharedLauncher(runDirectory: string): Launcher {
  makePrivate(runDirectory);
  const path = `${runDirectory}/launcher`;
  return host.launcherIs(path) ? nativeLauncher(path, runDirectory) : becomeLarge();
}

const world: CliWorld = {
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
    if (host.uid !== 0) becomeLarge();
    const { root, runDirectory } = places(flags, env, host.uid);
    return openEngine({
      root,
      runDirectory,
      launcher: sharedLauncher(runDirectory),
      readFacts: readHostFacts,
      self: [host.readlink('/proc/self/exe'), '--root', root, '--run-root', runDirectory],
      ...(flags.snapshotter === 'copy' ? { snapshotter: 'copy' as const } : {}),
    });
  },
  oci,
};

/** What needs the terminal or standard input, or only help, is for the large program. */
function isPlainRun(args: readonly string[]): boolean {
  try {
    const { flags } = parseFlags(args, run.flags, true);
    return !flags.on('interactive') && !flags.on('tty');
  } catch {
    return false;
  }
}

async function main(): Promise<number> {
  // Else a front that is not joined with the large program would begin anew for ever.
  if (host.argv[0] === LARGE_NAME) throw new Fault('internal', 'the large program is missing from this executable');
  if (RUNTIME_NAMES.test(host.argv[0] ?? '')) return oci(host.argv.slice(1), {});
  const { flags, rest } = globalFlags(host.argv.slice(1));
  const [name, ...args] = rest;
  if (name === 'oci') return oci(args, flags);
  const entry = COMMANDS['run'];
  if (name !== 'run' || entry === undefined || !isPlainRun(args)) return becomeLarge();
  return runVerb('run', { ...entry, load: () => Promise.resolve(run) }, args, flags, world);
}

void main()
  .catch((error: unknown) => complain(world.io, error))
  .then(finish);
