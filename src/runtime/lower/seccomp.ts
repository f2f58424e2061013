import type { HostFacts } from '#kernel/host-facts.ts';
import type { Step } from '#kernel/plan.ts';
import { compileSeccomp } from '#runtime/seccomp/compile.ts';
import type { SeccompProfile } from '#runtime/spec/spec.ts';
import { LISTENER } from './seccomp-listener.ts';

const ORIGIN = 'linux.seccomp';

export interface LoweredSeccomp {
  filter: Step[];
  /** Somebody else answers for some of the calls: the filter's step leaves a listener. */
  notifies: boolean;
}

/** `ready` is the profile's program when the caller has it compiled already. */
export function lowerSeccomp(
  profile: SeccompProfile | undefined,
  facts: HostFacts,
  ready?: Uint8Array,
): LoweredSeccomp {
  if (profile === undefined || profile === null) return { filter: [], notifies: false };
  if (ready !== undefined) return { filter: [{ op: 'seccomp', filter: ready, origin: ORIGIN }], notifies: false };
  const { program, flags, notifies } = compileSeccomp(profile, facts.arch);
  if (program.length === 0) return { filter: [], notifies };
  const out = notifies ? { out: LISTENER } : {};
  return { filter: [{ op: 'seccomp', filter: program, flags, ...out, origin: ORIGIN }], notifies };
}
