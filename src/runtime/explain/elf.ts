/** What the head of an ELF file says about why it could not be executed (elf(5)). */
export interface ElfHead {
  /** `x86-64`, `arm64`, …, or `machine 42`. */
  machine: string;
  bits: 32 | 64;
  /** The program interpreter (PT_INTERP), when the head holds it. */
  interpreter: string | undefined;
}

const MACHINES: Readonly<Record<number, string>> = {
  3: 'i386',
  8: 'mips',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x86-64',
  183: 'arm64',
  243: 'riscv',
  258: 'loong64',
};
const PT_INTERP = 3;

/** Undefined when `head` is not the beginning of an ELF file. */
export function readElf(head: Buffer): ElfHead | undefined {
  if (head.length < 52 || head.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
  const bits = head[4] === 1 ? 32 : 64;
  const little = head[5] !== 2;
  const u16 = (at: number): number => (little ? head.readUInt16LE(at) : head.readUInt16BE(at));
  const number = u16(18);
  const machine = MACHINES[number] ?? `machine ${number}`;
  return { machine, bits, interpreter: bits === 64 && little ? interpreter64(head) : undefined };
}

function interpreter64(head: Buffer): string | undefined {
  if (head.length < 64) return undefined;
  const table = Number(head.readBigUInt64LE(32));
  const size = head.readUInt16LE(54);
  const count = head.readUInt16LE(56);
  for (let index = 0; index < count; index++) {
    const at = table + index * size;
    if (at + 56 > head.length) return undefined;
    if (head.readUInt32LE(at) !== PT_INTERP) continue;
    const offset = Number(head.readBigUInt64LE(at + 8));
    const end = head.indexOf(0, offset);
    return offset < head.length && end > offset ? head.toString('utf8', offset, end) : undefined;
  }
  return undefined;
}
