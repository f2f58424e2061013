import { join } from 'node:path';
import { hasMappedUsers } from '#kernel/user-namespace.ts';
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
  const isRoot = user === 0 && !isUserAsRoot(env);
  const data = isRoot ? '/var/lib' : (env['XDG_DATA_HOME'] ?? join(env['HOME'] ?? '/', '.local/share'));
  const run = isRoot ? '/run' : (env['XDG_RUNTIME_DIR'] ?? `/tmp/sampan-${user}`);
  const root = flags.root ?? env['SAMPAN_ROOT'] ?? join(data, 'sampan');
  // A root of its own gets a run directory of its own, so that two roots never meet.
  const ownRun = flags.root === undefined && env['SAMPAN_ROOT'] === undefined ? join(run, 'sampan') : join(root, 'run');
  return { root, runDirectory: flags.runRoot ?? env['SAMPAN_RUN_ROOT'] ?? ownRun };
}

/** Root of a user namespace that somebody has entered with their own environment: what is theirs stays where it was. */
function isUserAsRoot(env: Readonly<Record<string, string | undefined>>): boolean {
  return env['XDG_RUNTIME_DIR'] !== undefined && env['USER'] !== 'root' && hasMappedUsers();
}
