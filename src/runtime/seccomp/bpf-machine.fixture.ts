/** Classic BPF as the kernel runs it over struct seccomp_data, for tests of the compiler. */
export interface Call {
  arch: number;
  nr: number;
  args: readonly bigint[];
  /** The machine's byte order: the upper half of an argument comes first. */
  bigEndian?: boolean;
}

/** Runs the filter; gives the action, or throws for what the kernel's verifier would refuse. */
export function runFilter(program: Uint8Array, call: Call): number {
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const data = seccompData(call);
  let accumulator = 0;
  for (let at = 0; ; at++) {
    if (at * 8 + 8 > program.length) throw new Error(`ran over the end at instruction ${at}`);
    const operation = code.getUint16(at * 8, true);
    const yes = code.getUint8(at * 8 + 2);
    const no = code.getUint8(at * 8 + 3);
    const k = code.getUint32(at * 8 + 4, true);
    switch (operation) {
      case 0x20:
        if (k % 4 !== 0 || k > 60) throw new Error(`load from ${k}`);
        accumulator = data[k / 4] ?? 0;
        break;
      case 0x54:
        accumulator = (accumulator & k) >>> 0;
        break;
      case 0x05:
        at += k;
        break;
      case 0x15:
        at += accumulator === k ? yes : no;
        break;
      case 0x25:
        at += accumulator > k ? yes : no;
        break;
      case 0x35:
        at += accumulator >= k ? yes : no;
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`operation ${operation}`);
    }
  }
}

/** struct seccomp_data by words of 32 bits. */
function seccompData({ nr, arch, args, bigEndian = false }: Call): Uint32Array {
  const data = new Uint32Array(16);
  data[0] = nr;
  data[1] = arch;
  for (let index = 0; index < 6; index++) {
    const arg = args[index] ?? 0n;
    const high = 4 + 2 * index + (bigEndian ? 0 : 1);
    data[high] = Number((arg >> 32n) & 0xffff_ffffn);
    data[high ^ 1] = Number(arg & 0xffff_ffffn);
  }
  return data;
}
