import type { SeccompProfile, SeccompRule } from '#runtime/spec/spec.ts';
import { BY_CAPABILITY, EVERYBODY } from './allowed-calls.ts';

const ALLOW = 'SCMP_ACT_ALLOW';
const ERRNO = 'SCMP_ACT_ERRNO';
const ENOSYS = 38;

/** CLONE_NEW* of everything but time: a container makes namespaces only when it may administer them. */
const NAMESPACE_BITS = 0x7e020000;
/** Personalities: Linux, and the flags UNAME26, ADDR_NO_RANDOMIZE and both; then the question for the current one. */
const PERSONALITIES = [0x0, 0x0008, 0x20000, 0x20008, 0xffffffff];
/** Address families that reach beyond the container or are known for their faults: AF_ALG, AF_VSOCK. */
const VSOCK = 40;
const ALG = 38;

/**
 * The filter that engine containers get: a list of what is allowed, in groups by purpose, with additions for the
 * capabilities that the container was granted. Everything else gives EPERM; calls younger than the table give ENOSYS.
 */
export function defaultSeccompProfile(capabilities: readonly string[]): SeccompProfile {
  const granted = new Set(capabilities);
  const administers = granted.has('CAP_SYS_ADMIN');
  const syscalls: SeccompRule[] = [{ names: [...EVERYBODY], action: ALLOW }, ...personalities(), ...sockets()];
  for (const [capability, names] of Object.entries(BY_CAPABILITY)) {
    if (granted.has(capability)) syscalls.push({ names: [...names], action: ALLOW });
  }
  // clone3 passes its flags in memory, where no filter sees them; with ENOSYS C libraries fall back to clone.
  if (!administers) syscalls.push(...cloneWithoutNamespaces());
  return {
    defaultAction: ERRNO,
    defaultErrnoRet: 1,
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_AARCH64'],
    syscalls,
  };
}

function cloneWithoutNamespaces(): SeccompRule[] {
  return [
    {
      names: ['clone'],
      action: ALLOW,
      args: [{ index: 0, value: NAMESPACE_BITS, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    { names: ['clone3'], action: ERRNO, errnoRet: ENOSYS },
  ];
}

function personalities(): SeccompRule[] {
  return PERSONALITIES.map((value) => {
    return { names: ['personality'], action: ALLOW, args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }] };
  });
}

/** As rules of their own: several conditions on one argument of one rule would be alternatives. */
function sockets(): SeccompRule[] {
  const family = (op: string, value: number): SeccompRule => {
    return { names: ['socket'], action: ALLOW, args: [{ index: 0, value, op: `SCMP_CMP_${op}` }] };
  };
  return [family('LT', ALG), family('EQ', ALG + 1), family('GT', VSOCK)];
}
