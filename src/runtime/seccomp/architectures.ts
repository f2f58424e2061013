import type { HostFacts } from '#kernel/host-facts.ts';
import { SYSCALLS_ARM } from './tables/arm.gen.ts';
import { SYSCALLS_ARM64 } from './tables/arm64.gen.ts';
import { SYSCALLS_I386 } from './tables/i386.gen.ts';
import { SYSCALLS_X32 } from './tables/x32.gen.ts';
import { SYSCALLS_X86_64 } from './tables/x86-64.gen.ts';

/** What a filter must know of an architecture whose calls it judges. */
export interface Architecture {
  /** As the runtime specification names it. */
  name: string;
  /** AUDIT_ARCH_* of linux/audit.h. */
  audit: number;
  /** Arguments of 32 bits are compared with the lower half of a value alone. */
  bits: 32 | 64;
  bigEndian?: boolean;
  /** The number of its first call. */
  base?: number;
  /** Calls by name, counted from the first. */
  calls: string;
}

/** The x32 ABI has the architecture of x86-64, and numbers from here on. */
export const X32_BIT = 0x4000_0000;

const X86_64: Architecture = { name: 'SCMP_ARCH_X86_64', audit: 0xc000003e, bits: 64, calls: SYSCALLS_X86_64 };
const X86: Architecture = { name: 'SCMP_ARCH_X86', audit: 0x40000003, bits: 32, calls: SYSCALLS_I386 };
const X32: Architecture = {
  name: 'SCMP_ARCH_X32',
  audit: 0xc000003e,
  bits: 32,
  base: X32_BIT,
  calls: SYSCALLS_X32,
};
const ARM64: Architecture = { name: 'SCMP_ARCH_AARCH64', audit: 0xc00000b7, bits: 64, calls: SYSCALLS_ARM64 };
const ARM: Architecture = { name: 'SCMP_ARCH_ARM', audit: 0x40000028, bits: 32, calls: SYSCALLS_ARM };

/**
 * By machine: its own architecture, then what else its kernel runs. No other can reach a filter there, so a profile may
 * name them, and nothing is emitted for them.
 */
export const FAMILIES: Readonly<Record<HostFacts['arch'], readonly [Architecture, ...Architecture[]]>> = {
  'x86-64': [X86_64, X86, X32],
  arm64: [ARM64, ARM],
};

/** Every architecture of the specification. */
export const ARCHITECTURE_NAMES: readonly string[] = [
  'X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE',
  'S390 S390X PARISC PARISC64 RISCV64 LOONGARCH64 M68K SH SHEB',
]
  .join(' ')
  .split(' ')
  .map((name) => `SCMP_ARCH_${name}`);
