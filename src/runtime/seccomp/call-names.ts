import type { HostFacts } from '#kernel/host-facts.ts';
import { FAMILIES } from './architectures.ts';
import { syscallTable } from './syscall-table.ts';

/** Name of a system call by its number and the architecture (AUDIT_ARCH_*) that it was made in; undefined when unknown. */
export function callName(machine: HostFacts['arch'], audit: number, number: number): string | undefined {
  for (const architecture of FAMILIES[machine].filter((one) => one.audit === audit))
    for (const [name, value] of syscallTable(architecture)) if (value === number) return name;
  return undefined;
}
