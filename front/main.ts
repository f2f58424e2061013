/** The composition root of the front: the OCI runtime's command line on the small engine. */
import { ociCommand } from '#doors/cli/oci/oci.ts';
import { outputTo } from '#doors/cli/output.ts';
import { places } from '#doors/cli/places.ts';
import { makePrivate } from '#kernel/install-launcher.ts';
import { nativeLauncher } from '#kernel/launcher.ts';
import { installGlobals } from './shim/globals.ts';
import { host } from './shim/host.ts';
import { finish } from './shim/loop.ts';

installGlobals();
const { env } = process;
const { runDirectory } = places({}, env, host.uid);
// Called as `sampan oci ...`, or by a runtime's own name.
const args = host.argv.slice(host.argv[1] === 'oci' ? 2 : 1);

void ociCommand(args, {
  env,
  stdout: outputTo(1),
  stderr: outputTo(2),
  launcher: async () => {
    makePrivate(runDirectory);
    return nativeLauncher(host.launcher(), runDirectory);
  },
  runDirectory,
}).then(finish);
