/** The composition root of sampan-oci: the OCI runtime's command line on the small engine. */
import { ociCommand } from '#doors/cli/oci/oci.ts';
import { outputTo } from '#doors/cli/output.ts';
import { nativeLauncher } from '#kernel/launcher.ts';
import { installGlobals } from './shim/globals.ts';
import { host } from './shim/host.ts';
import { finish } from './shim/loop.ts';
import { mkdirSync } from './shim/fs.ts';

const RUN = '/run/sampan';

function launcher() {
  mkdirSync(RUN, { recursive: true, mode: 0o711 });
  return nativeLauncher(host.launcher(), RUN);
}

installGlobals();
void ociCommand(host.argv.slice(1), {
  env: process.env,
  stdout: outputTo(1),
  stderr: outputTo(2),
  launcher: () => Promise.resolve(launcher()),
  runDirectory: RUN,
}).then(finish);
