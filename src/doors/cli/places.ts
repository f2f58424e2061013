import { join } from 'node:path';
import { hasMappedUsers } from '#kernel/user-namespace.ts';
import type { GlobalFlags } from './global-flags.ts';

export interface Places {
  root: string;
  runDirectory: string;
}

/** Set by the front for what runs in a user's own namespace: who they are outside of it. */
const OUTSIDE_USER = 'SAMPAN_ROOTLESS_UID';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where state lives: flags first, then our variables, then the places that FHS and XDG give. */
export function places(flags: Pick<GlobalFlags, 'root' | 'runRoot'>, env: Environment, user: number): Places {
  const outside = outsideUser(env, user);
  const data = outside === undefined ? '/var/lib' : (env['XDG_DATA_HOME'] ?? join(env['HOME'] ?? '/', '.local/share'));
  const run = outside === undefined ? '/run' : (env['XDG_RUNTIME_DIR'] ?? `/tmp/sampan-${outside}`);
  const root = flags.root ?? env['SAMPAN_ROOT'] ?? join(data, 'sampan');
  // A root of its own gets a run directory of its own, so that two roots never meet.
  const ownRun = flags.root === undefined && env['SAMPAN_ROOT'] === undefined ? join(run, 'sampan') : join(root, 'run');
  return { root, runDirectory: flags.runRoot ?? env['SAMPAN_RUN_ROOT'] ?? ownRun };
}

/**
 * The ordinary user whose places these are; undefined for root of the machine. Root of a user namespace is one when the front
 * has brought them there, or somebody has entered it with their own environment: what is theirs stays where it was.
 */
export function outsideUser(env: Environment, user: number): number | undefined {
  if (user !== 0) return user;
  const marked = env[OUTSIDE_USER];
  if (marked !== undefined && hasMappedUsers()) return Number(marked);
  return env['XDG_RUNTIME_DIR'] !== undefined && env['USER'] !== 'root' && hasMappedUsers() ? 0 : undefined;
}
