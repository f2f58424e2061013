import { Fault } from '#base/fault.ts';

/** When a container is started anew by its monitor, in docker's words; without one it never is. */
export interface RestartPolicy {
  name: 'on-failure' | 'always' | 'unless-stopped';
  /** Of `on-failure`: how often at most; 0 is without a limit. */
  most: number;
}

const NAMES = ['no', 'always', 'on-failure', 'unless-stopped'] as const;
type Name = (typeof NAMES)[number];

/** A policy as `--restart` writes it; `no` is none. */
export function parseRestartPolicy(text: string): RestartPolicy | undefined {
  const [name = '', count, ...rest] = text.split(':');
  if (rest.length > 0) throw refused('it has more than one colon');
  if (count !== undefined && !/^-?\d+$/.test(count)) throw refused('maximum retry count must be an integer');
  const most = Number(count ?? 0);
  const known = (name === '' ? 'no' : name) as Name;
  if (!NAMES.includes(known)) throw refused(`unknown policy '${name}'; use one of ${NAMES.join(', ')}`);
  if (count !== undefined && known !== 'on-failure')
    throw refused(`maximum retry count cannot be used with restart policy '${known}'`);
  if (most < 0) throw refused('maximum retry count cannot be negative');
  return known === 'no' ? undefined : { name: known, most: Math.min(most, MOST) };
}

const refused = (why: string): Fault =>
  new Fault('invalid', `read --restart: invalid restart policy: ${why}`, { field: '--restart' });

/** What the monitor is told (docs/monitor.md, "Restarts"). */
const NEVER = 0;
const ALWAYS = 1;
const AFTER_FAILURE = 2;
export const LAST_RUN = 0xffff_ffff;
const MOST = 0x7fff_ffff;

/** Whether a container was stopped by hand is told otherwise, so two of the policies are one to a monitor. */
export function restartCode(policy: RestartPolicy | undefined): number {
  if (policy === undefined) return NEVER;
  return policy.name === 'on-failure' ? AFTER_FAILURE + policy.most : ALWAYS;
}
