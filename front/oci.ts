/** The composition root of the OCI runtime in the front: called as `sampan oci ...`, or by a runtime's own name. */
import { constants } from 'node:os';
import { globalFlags } from '#doors/cli/global-flags.ts';
import { isOciName } from '#doors/cli/oci-names.ts';
import { ociCommand } from '#doors/cli/oci/oci.ts';
import { outputTo } from '#doors/cli/output.ts';
import { places } from '#doors/cli/places.ts';
import { makePrivate } from '#kernel/install-launcher.ts';
import { nativeLauncher, type LaunchResult } from '#kernel/launcher.ts';
import { parseReport } from '#kernel/report.ts';
import { readAll } from '#kernel/scratch.ts';
import type { StoredPlans } from '#runtime/stored/world.ts';
import { installGlobals } from './shim/globals.ts';
import { host } from './shim/host.ts';

/** `--ended=FD:STATUS`, or `FD:signal NUMBER`: the launcher executed a stored plan that has something to tell. */
function endedOf(word: string | undefined): LaunchResult | undefined {
  if (word?.startsWith('--ended=') !== true) return undefined;
  const [, fd, signal, number] = /^--ended=(\d+):(signal )?(\d+)$/.exec(word) ?? [];
  if (fd === undefined) return undefined;
  const records = parseReport(readAll(Number(fd)));
  const name = Object.entries(constants.signals).find(([, value]) => value === Number(number))?.[0];
  return signal === undefined
    ? { code: Number(number), signal: null, records }
    : { code: null, signal: (name ?? null) as NodeJS.Signals | null, records };
}

function storedPlans(ended: LaunchResult | undefined): StoredPlans {
  const { build, looked, released } = host;
  return {
    build,
    looked,
    ...(released === undefined ? {} : { released: Buffer.from(new Uint8Array(released)) }),
    ...(ended === undefined ? {} : { ended }),
  };
}

function oci(): Promise<number> {
  const ended = endedOf(host.argv[1]);
  const given = host.argv.slice(ended === undefined ? 1 : 2);
  const { flags, rest } = isOciName(host.argv[0] ?? '') ? { flags: {}, rest: ['oci', ...given] } : globalFlags(given);
  const { env } = process;
  const { runDirectory } = places(flags, env, host.uid);
  return ociCommand(rest.slice(1), {
    env,
    stdout: outputTo(1),
    stderr: outputTo(2),
    launcher: async () => {
      makePrivate(runDirectory);
      return nativeLauncher(host.launcher(), runDirectory);
    },
    runDirectory,
    stored: storedPlans(ended),
  });
}

installGlobals(oci);
