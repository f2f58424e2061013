/**
 * The composition root: the one place that sees every layer and reads the environment. Everything but the command
 * table is loaded when it is needed, because start-up time is part of every command.
 */
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { runCli, type CliWorld } from '#doors/cli/cli.ts';
import { processIo } from '#doors/cli/io.ts';
import type { GlobalFlags } from '#doors/cli/global-flags.ts';
import { EMBEDDED_LAUNCHER } from '#kernel/embedded-launcher.ts';
import type { Launcher } from '#kernel/launcher.ts';

const SHORT_COMMAND_MS = 50;
const env: Readonly<Record<string, string | undefined>> = process.env;

/** Where state lives: flags first, then our variables, then the places that FHS and XDG give. */
function places(flags: GlobalFlags): { root: string; runDirectory: string } {
  const user = process.geteuid?.() ?? 0;
  const data = user === 0 ? '/var/lib' : (env['XDG_DATA_HOME'] ?? join(env['HOME'] ?? '/', '.local/share'));
  const run = user === 0 ? '/run' : (env['XDG_RUNTIME_DIR'] ?? `/tmp/sampan-${user}`);
  const root = flags.root ?? env['SAMPAN_ROOT'] ?? join(data, 'sampan');
  // A root of its own gets a run directory of its own, so that two roots never meet.
  const ownRun = flags.root === undefined && env['SAMPAN_ROOT'] === undefined ? join(run, 'sampan') : join(root, 'run');
  return { root, runDirectory: flags.runRoot ?? env['SAMPAN_RUN_ROOT'] ?? ownRun };
}

/** Until it is there, better this than some failure deep in the kernel. */
function refuseRootless(): void {
  const user = process.geteuid?.() ?? 0;
  if (user === 0) return;
  throw new Fault('unsupported', `run as user ${user}: rootless use is not there yet`, { hint: 'Run it as root.' });
}

async function launcherIn(runDirectory: string): Promise<Launcher> {
  const { installedLauncher } = await import('#kernel/install-launcher.ts');
  return installedLauncher(EMBEDDED_LAUNCHER, runDirectory);
}

const world: CliWorld = {
  io: processIo(env),
  openEngine: async (flags) => {
    const { openEngine } = await import('#engine/engine.ts');
    const { readHostFacts } = await import('#kernel/host-facts.ts');
    refuseRootless();
    const { root, runDirectory } = places(flags);
    const snapshotter = flags.snapshotter === 'copy' ? { snapshotter: 'copy' as const } : {};
    return openEngine({
      root,
      runDirectory,
      launcher: await launcherIn(runDirectory),
      readFacts: readHostFacts,
      self: [process.execPath, '--root', root, '--run-root', runDirectory],
      ...snapshotter,
    });
  },
  oci: async (args, flags) => {
    const { ociCommand } = await import('#doors/cli/oci/oci.ts');
    const { outputTo } = await import('#doors/cli/output.ts');
    const { runDirectory } = places(flags);
    return ociCommand([...args], {
      env,
      stdout: outputTo(1),
      stderr: outputTo(2),
      launcher: () => launcherIn(runDirectory),
      runDirectory,
    });
  },
};

/** The executable starts with a reluctant JIT (see the Makefile); a command that lives longer gets the usual one. */
function compileLater(): void {
  const { Bun } = globalThis as { Bun?: { unsafe: { setJITPolicy?(scale: number): void } } };
  setTimeout(() => Bun?.unsafe.setJITPolicy?.(1), SHORT_COMMAND_MS).unref();
}

compileLater();
process.exitCode = await runCli(process.argv.slice(2), world);
