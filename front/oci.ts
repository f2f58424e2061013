/** The composition root of the OCI runtime in the front: called as `sampan oci ...`, or by a runtime's own name. */
import { globalFlags } from '#doors/cli/global-flags.ts';
import { isOciName } from '#doors/cli/oci-names.ts';
import { ociCommand } from '#doors/cli/oci/oci.ts';
import { outputTo } from '#doors/cli/output.ts';
import { places } from '#doors/cli/places.ts';
import { makePrivate } from '#kernel/install-launcher.ts';
import { nativeLauncher } from '#kernel/launcher.ts';
import { installGlobals } from './shim/globals.ts';
import { host } from './shim/host.ts';
import { finish } from './shim/loop.ts';

function oci(): Promise<number> {
  const given = host.argv.slice(1);
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
  });
}

installGlobals();
void oci().then(finish);
