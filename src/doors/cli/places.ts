import { join } from 'node:path';
import type { GlobalFlags } from './global-flags.ts';

export interface Places {
  root: string;
  runDirectory: string;
}

/** Where state lives: flags first, then our variables, then the places that FHS and XDG give. */
export function places(
  flags: Pick<GlobalFlags, 'root' | 'runRoot'>,
  env: Readonly<Record<string, string | undefined>>,
  user: number,
): Places {
  const data = user === 0 ? '/var/lib' : (env['XDG_DATA_HOME'] ?? join(env['HOME'] ?? '/', '.local/share'));
  const run = user === 0 ? '/run' : (env['XDG_RUNTIME_DIR'] ?? `/tmp/sampan-${user}`);
  const root = flags.root ?? env['SAMPAN_ROOT'] ?? join(data, 'sampan');
  // A root of its own gets a run directory of its own, so that two roots never meet.
  const ownRun = flags.root === undefined && env['SAMPAN_ROOT'] === undefined ? join(run, 'sampan') : join(root, 'run');
  return { root, runDirectory: flags.runRoot ?? env['SAMPAN_RUN_ROOT'] ?? ownRun };
}
