/**
 * The composition root: the one place that sees every layer and reads the environment. Everything but the command
 * table is loaded when it is needed, because start-up time is part of every command.
 */
import { Fault } from '#base/fault.ts';
import { runCli, type CliWorld } from '#doors/cli/cli.ts';
import { processIo } from '#doors/cli/io.ts';
import type { GlobalFlags } from '#doors/cli/global-flags.ts';
import { outsideUser, places, type Places } from '#doors/cli/places.ts';
import { EMBEDDED_LAUNCHER } from '#kernel/embedded-launcher.ts';
import type { Launcher } from '#kernel/launcher.ts';

const SHORT_COMMAND_MS = 50;
const env: Readonly<Record<string, string | undefined>> = process.env;

const placesOf = (flags: GlobalFlags): Places => places(flags, env, process.geteuid?.() ?? 0);

/** The front has brought an ordinary user into their own namespace, or else it was not called. */
function needNamespace(): void {
  const user = process.geteuid?.() ?? 0;
  if (user === 0) return;
  throw new Fault('unsupported', `run as user ${user}: this program was not started by its front`, {
    hint: 'Call it by the name sampan.',
  });
}

async function launcherIn(runDirectory: string): Promise<Launcher> {
  const { installedLauncher } = await import('#kernel/install-launcher.ts');
  return installedLauncher(EMBEDDED_LAUNCHER, runDirectory);
}

const world: CliWorld = {
  io: processIo(env),
  openEngine: async (flags) => {
    const { openEngine } = await import('#engine/engine.ts');
    const { loadConfig } = await import('#engine/config/file.ts');
    const { readHostFacts } = await import('#kernel/host-facts.ts');
    const { localMeanings } = await import('#engine/registry/short-names.ts');
    needNamespace();
    const { root, runDirectory } = placesOf(flags);
    const isRoot = outsideUser(env, process.geteuid?.() ?? 0) === undefined;
    const config = await loadConfig({ named: flags.config ?? env['SAMPAN_CONFIG'], env, isRoot });
    const snapshotter = flags.snapshotter === 'copy' ? { snapshotter: 'copy' as const } : {};
    return openEngine({
      root,
      runDirectory,
      launcher: await launcherIn(runDirectory),
      readFacts: readHostFacts,
      config,
      readConfig: () => Promise.resolve(config),
      shortNames: localMeanings(env),
      self: [process.execPath, '--root', root, '--run-root', runDirectory],
      ...snapshotter,
    });
  },
  serveRegistry: async (settings) => (await import('#doors/registry/serve.ts')).serveRegistry(settings),
  oci: async (args, flags) => {
    const { ociCommand } = await import('#doors/cli/oci/oci.ts');
    const { outputTo } = await import('#doors/cli/output.ts');
    const { runDirectory } = placesOf(flags);
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
process.exitCode = await runCli(process.argv0, process.argv.slice(2), world);
