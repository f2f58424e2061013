import { Fault } from '#base/fault.ts';
import { outsideUser } from '#doors/cli/places.ts';

/** Set for what `unshare` runs: it has one mount namespace, where other commands of a user have one each. */
export const IN_SESSION = 'SAMPAN_UNSHARED';

/** What an ordinary user mounts is gone with the command's own mount namespace, but in a session. */
export function needSession(env: Readonly<Record<string, string | undefined>>, command: string): void {
  if (outsideUser(env, process.geteuid?.() ?? 0) === undefined || env[IN_SESSION] !== undefined) return;
  throw new Fault('unsupported', `${command}: an ordinary user's mounts are seen in their user namespace only`, {
    hint: `Begin a session with 'sampan unshare', and give the command there.`,
  });
}
