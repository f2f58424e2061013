import { readFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import type { SeccompProfile, SeccompRule } from '#runtime/spec/spec.ts';

/** Conditions of a rule in the way of docker's profiles; all given ones must hold. */
interface Conditions {
  caps?: string[];
  arches?: string[];
  minKernel?: string;
}

interface DockerRule extends SeccompRule {
  name?: string;
  includes?: Conditions;
  excludes?: Conditions;
}

interface DockerProfile extends Omit<SeccompProfile, 'syscalls'> {
  archMap?: { architecture: string; subArchitectures?: string[] }[];
  syscalls?: DockerRule[];
}

/** What the conditions of a profile are asked about. */
export interface SeccompFacts {
  /** As in profiles: `amd64`, `arm64`. */
  arch: string;
  /** Such as `6.1`. */
  kernel: string;
  capabilities: readonly string[];
}

/** Reads a filter as docker or the runtime specification writes them. Throws `invalid`. */
export function readSeccompFile(path: string): SeccompProfile {
  const field = '--security-opt';
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new Fault('invalid', `read the seccomp profile ${path}`, { cause, field });
  }
  const profile = parsed as DockerProfile | null;
  if (typeof profile !== 'object' || profile === null || typeof profile.defaultAction !== 'string') {
    throw new Fault('invalid', `read the seccomp profile ${path}: it has no defaultAction`, { field });
  }
  return profile as SeccompProfile;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { amd64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' };

/** Docker's conditions decided: what is left is a filter of the runtime specification. */
export function settleSeccomp(profile: SeccompProfile, facts: SeccompFacts): SeccompProfile {
  const { archMap, syscalls = [], ...rest } = profile as DockerProfile;
  const own = archMap?.find(({ architecture }) => architecture === ARCHITECTURES[facts.arch]);
  return {
    ...rest,
    ...(own === undefined ? {} : { architectures: [own.architecture, ...(own.subArchitectures ?? [])] }),
    syscalls: syscalls
      .filter(({ includes, excludes }) => holds(includes, facts, true) && !holds(excludes, facts, false))
      .map(({ includes: _1, excludes: _2, name, ...rule }) => ({ ...rule, names: rule.names ?? (name ? [name] : []) })),
  };
}

/** `whenEmpty`: what a rule without any condition is taken for. */
function holds(conditions: Conditions | undefined, facts: SeccompFacts, whenEmpty: boolean): boolean {
  const { caps = [], arches = [], minKernel = '' } = conditions ?? {};
  if (caps.length === 0 && arches.length === 0 && minKernel === '') return whenEmpty;
  const all = [
    caps.length === 0 ? undefined : caps.every((name) => facts.capabilities.includes(name)) === true,
    arches.length === 0 ? undefined : arches.includes(facts.arch),
    minKernel === '' ? undefined : isAtLeast(facts.kernel, minKernel),
  ].filter((one) => one !== undefined);
  return whenEmpty ? all.every(Boolean) : all.some(Boolean);
}

function isAtLeast(kernel: string, wanted: string): boolean {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  const [needMajor = 0, needMinor = 0] = wanted.split('.').map(Number);
  return major > needMajor || (major === needMajor && minor >= needMinor);
}
