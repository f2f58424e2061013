/** Classic BPF as the kernel runs it over struct seccomp_data, for tests of the compiler. */
export interface Call {
  arch: number;
  nr: number;
  args: readonly bigint[];
}

/** Runs the filter; gives the action, or throws for what the kernel's verifier would refuse. */
export function runFilter(program: Uint8Array, call: Call): number {
  const code = Buffer.from(program.buffer, program.byteOffset, program.byteLength);
  const data = seccompData(call);
  let accumulator = 0;
  for (let at = 0; ; at++) {
    if (at * 8 + 8 > code.length) throw new Error(`ran over the end at instruction ${at}`);
    const operation = code.readUInt16LE(at * 8);
    const yes = code.readUInt8(at * 8 + 2);
    const no = code.readUInt8(at * 8 + 3);
    const k = code.readUInt32LE(at * 8 + 4);
    switch (operation) {
      case 0x20:
        if (k % 4 !== 0 || k > 60) throw new Error(`load from ${k}`);
        accumulator = data.readUInt32LE(k);
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

function seccompData({ nr, arch, args }: Call): Buffer {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(nr >>> 0, 0);
  data.writeUInt32LE(arch >>> 0, 4);
  for (let index = 0; index < 6; index++) data.writeBigUInt64LE(args[index] ?? 0n, 16 + 8 * index);
  return data;
}
