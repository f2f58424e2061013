/** Architectures of machines that sampan is not built for: the compiler knows them, the executable does not carry them. */
import type { Architecture } from './architectures.ts';
import { SYSCALLS_LOONGARCH64 } from './tables/loongarch64.gen.ts';
import { SYSCALLS_M68K } from './tables/m68k.gen.ts';
import { SYSCALLS_MIPS_N32 } from './tables/mips-n32.gen.ts';
import { SYSCALLS_MIPS } from './tables/mips.gen.ts';
import { SYSCALLS_MIPS64 } from './tables/mips64.gen.ts';
import { SYSCALLS_PARISC } from './tables/parisc.gen.ts';
import { SYSCALLS_PARISC64 } from './tables/parisc64.gen.ts';
import { SYSCALLS_PPC } from './tables/ppc.gen.ts';
import { SYSCALLS_PPC64 } from './tables/ppc64.gen.ts';
import { SYSCALLS_RISCV64 } from './tables/riscv64.gen.ts';
import { SYSCALLS_S390 } from './tables/s390.gen.ts';
import { SYSCALLS_S390X } from './tables/s390x.gen.ts';
import { SYSCALLS_SH } from './tables/sh.gen.ts';

const big = { bigEndian: true } as const;
const of = (
  name: string,
  audit: number,
  bits: 32 | 64,
  calls: string,
  more: Partial<Architecture> = {},
): Architecture => ({
  name: `SCMP_ARCH_${name}`,
  audit,
  bits,
  calls,
  ...more,
});

export const FOREIGN_ARCHITECTURES: readonly Architecture[] = [
  of('MIPS', 0x00000008, 32, SYSCALLS_MIPS, { base: 4000, ...big }),
  of('MIPSEL', 0x40000008, 32, SYSCALLS_MIPS, { base: 4000 }),
  of('MIPS64', 0x80000008, 64, SYSCALLS_MIPS64, { base: 5000, ...big }),
  of('MIPSEL64', 0xc0000008, 64, SYSCALLS_MIPS64, { base: 5000 }),
  of('MIPS64N32', 0xa0000008, 32, SYSCALLS_MIPS_N32, { base: 6000, ...big }),
  of('MIPSEL64N32', 0xe0000008, 32, SYSCALLS_MIPS_N32, { base: 6000 }),
  of('PPC', 0x00000014, 32, SYSCALLS_PPC, big),
  of('PPC64', 0x80000015, 64, SYSCALLS_PPC64, big),
  of('PPC64LE', 0xc0000015, 64, SYSCALLS_PPC64),
  of('S390', 0x00000016, 32, SYSCALLS_S390, big),
  of('S390X', 0x80000016, 64, SYSCALLS_S390X, big),
  of('PARISC', 0x0000000f, 32, SYSCALLS_PARISC, big),
  of('PARISC64', 0x8000000f, 64, SYSCALLS_PARISC64, big),
  of('RISCV64', 0xc00000f3, 64, SYSCALLS_RISCV64),
  of('LOONGARCH64', 0xc0000102, 64, SYSCALLS_LOONGARCH64),
  of('M68K', 0x00000004, 32, SYSCALLS_M68K, big),
  of('SH', 0x4000002a, 32, SYSCALLS_SH),
  of('SHEB', 0x0000002a, 32, SYSCALLS_SH, big),
];
