import { Fault } from '#base/fault.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { Step } from '#kernel/plan.ts';
import { compileSeccomp } from '#runtime/seccomp/compile.ts';
import type { SeccompProfile } from '#runtime/spec/spec.ts';

const ORIGIN = 'linux.seccomp';

export interface LoweredSeccomp {
  filter: Step[];
  warnings: string[];
}

/** `ready` is the profile's program when the caller has it compiled already. */
export function lowerSeccomp(
  profile: SeccompProfile | undefined,
  facts: HostFacts,
  ready?: Uint8Array,
): LoweredSeccomp {
  if (profile === undefined || profile === null) return { filter: [], warnings: [] };
  if (ready !== undefined) return { filter: [{ op: 'seccomp', filter: ready, origin: ORIGIN }], warnings: [] };
  refuseNotify(profile);
  const { program, flags } = compileSeccomp(profile, facts.arch);
  if (program.length === 0) return { filter: [], warnings: [] };
  return { filter: [{ op: 'seccomp', filter: program, flags, origin: ORIGIN }], warnings: [] };
}

/** Without somebody who holds the listener, every such call would fail with ENOSYS; handing it over is not there yet. */
function refuseNotify({ syscalls }: SeccompProfile): void {
  const at = (syscalls ?? []).findIndex(({ action }) => action === 'SCMP_ACT_NOTIFY');
  if (at < 0) return;
  throw new Fault('unsupported', 'SCMP_ACT_NOTIFY is not supported yet', {
    field: `linux.seccomp.syscalls[${at}].action`,
  });
}
