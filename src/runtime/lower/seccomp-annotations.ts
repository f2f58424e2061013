import { Fault } from '#base/fault.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import { FAMILIES } from '#runtime/seccomp/architectures.ts';
import { syscallTable } from '#runtime/seccomp/syscall-table.ts';
import { annotation } from '#runtime/spec/annotations.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { lowerSeccomp, type LoweredSeccomp } from './seccomp.ts';

const BPF_DATA = 'run.oci.seccomp_bpf_data';
const STRICT = 'run.oci.seccomp_fail_unknown_syscall';
const INSTRUCTION = 8;

/** `linux.seccomp`, as crun's annotations would have it: another program in its place, or no unknown names in it. */
export function lowerSpecSeccomp(spec: Spec, facts: HostFacts, ready?: Uint8Array): LoweredSeccomp {
  const profile = spec.linux?.seccomp;
  const program = givenProgram(spec);
  if (program !== undefined) return lowerSeccomp(profile ?? { defaultAction: 'SCMP_ACT_ALLOW' }, facts, program);
  const strict = annotation(spec, STRICT);
  if (strict !== undefined && strict !== '0') refuseUnknown(spec, facts);
  return lowerSeccomp(profile, facts, ready);
}

function givenProgram(spec: Spec): Uint8Array | undefined {
  const text = annotation(spec, BPF_DATA);
  if (text === undefined) return undefined;
  const program = new Uint8Array(Buffer.from(text, 'base64'));
  const isWhole = program.length > 0 && program.length % INSTRUCTION === 0;
  if (isWhole && /^[A-Za-z0-9+/]+={0,2}$/.test(text)) return program;
  const field = `annotations.${BPF_DATA}`;
  throw new Fault('invalid', `${field}: it is no filter in base64`, { field });
}

function refuseUnknown({ linux }: Spec, { arch }: HostFacts): void {
  const tables = FAMILIES[arch].map(syscallTable);
  for (const [index, { names }] of (linux?.seccomp?.syscalls ?? []).entries()) {
    const unknown = names.find((name) => !tables.some((table) => table.has(name)));
    if (unknown === undefined) continue;
    const field = `linux.seccomp.syscalls[${index}].names`;
    throw new Fault('invalid', `${field}: "${unknown}" is no system call of this machine`, { field });
  }
}
