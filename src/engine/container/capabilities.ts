import { Fault } from '#base/fault.ts';
import type { ContainerOptions } from './options.ts';

/** What a container of any engine may do when nothing else is said. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/** The defaults with `--cap-drop` taken away and `--cap-add` added; `ALL` in either means every one in `all`. */
export function grantedCapabilities(
  options: Pick<ContainerOptions, 'capAdd' | 'capDrop' | 'privileged'>,
  all: readonly string[],
): string[] {
  if (options.privileged) return [...all];
  const added = options.capAdd.map((name) => known(name, all, '--cap-add'));
  const dropped = new Set(options.capDrop.map((name) => known(name, all, '--cap-drop')));
  const base = added.includes('ALL') ? all : DEFAULT_CAPABILITIES;
  const kept = dropped.has('ALL') ? [] : base.filter((name) => !dropped.has(name));
  return [...new Set([...kept, ...added.filter((name) => name !== 'ALL')])];
}

function known(name: string, all: readonly string[], field: string): string {
  const upper = name.toUpperCase();
  if (upper === 'ALL') return upper;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (all.includes(full)) return full;
  throw new Fault('invalid', `read ${field}: there is no capability "${name}" here`, { field });
}
