import type { HostFacts } from '#kernel/host-facts.ts';
import { PRCTL } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import { annotation } from '#runtime/spec/annotations.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import { lowerCapabilities } from './capabilities.ts';
import { lowerSecurityLabel } from './security-label.ts';

export interface LoweredIdentity {
  /** For the start, while the host's /proc is in sight. */
  open: Step[];
  steps: Step[];
  /** The filter, when it goes last (no_new_privs); otherwise it is among the steps, loaded while rights are held. */
  last: Step[];
  warnings: string[];
}

/** An annotation of crun's: the program keeps the caller's supplementary groups, for file systems that trust them. */
export function keepsGroups(spec: Spec): boolean {
  const value = annotation(spec, 'run.oci.keep_original_groups');
  return value !== undefined && value !== '0';
}

/** From root with all rights to the process's user with its own: the order is that of security-rules F. */
export function lowerIdentity(
  process: Process,
  facts: HostFacts,
  filter: readonly Step[],
  keepGroups: boolean,
): LoweredIdentity {
  const capabilities = lowerCapabilities(process.capabilities, facts);
  const { uid, gid, umask, additionalGids } = process.user;
  const steps: Step[] = [{ op: 'umask', mask: umask ?? 0o022, origin: 'process.user.umask' }];
  if (process.cwd !== '') steps.push({ op: 'cwd', path: process.cwd, origin: 'process.cwd' });
  const label = lowerSecurityLabel(process, facts);
  steps.push(...label.apply);
  if (process.noNewPrivileges) {
    steps.push({ op: 'prctl', option: PRCTL.noNewPrivileges, a: 1, origin: 'process.noNewPrivileges' });
  } else steps.push(...filter);
  steps.push(...capabilities.bounding);
  steps.push({
    op: 'ids',
    uid,
    gid,
    groups: additionalGids ?? [],
    keepGroups: keepGroups ? 1 : 0,
    origin: 'process.user',
  });
  steps.push(...capabilities.sets);
  if (uid !== 0) steps.push({ op: 'checkCwd', origin: 'process.cwd' });
  return { open: label.open, steps, last: process.noNewPrivileges ? [...filter] : [], warnings: capabilities.warnings };
}
