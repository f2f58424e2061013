/** eBPF (RFC 9669) as the kernel runs it over struct bpf_cgroup_dev_ctx, for tests of device programs. */
export interface DeviceAccess {
  type: 'b' | 'c';
  major: number;
  minor: number;
  /** Letters of r, w and m. */
  access: string;
}

const ACCESS_BITS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const REGISTERS = 10;

/** Runs the program; true when it allows. Throws for what the kernel's verifier would refuse. */
export function runDeviceProgram(program: Uint8Array, access: DeviceAccess): boolean {
  const code = Buffer.from(program.buffer, program.byteOffset, program.byteLength);
  if (code.length % 8 !== 0) throw new Error('the program ends within an instruction');
  const context = contextOf(access);
  // Register 1 points to the context; it is no number, and only loads may use it.
  const registers: (number | 'context' | undefined)[] = [undefined, 'context'];
  const number = (register: number): number => {
    const value = registers[register];
    if (typeof value !== 'number') throw new Error(`register ${register} holds no number`);
    return value;
  };
  for (let at = 0; ; at++) {
    if (at < 0 || at * 8 >= code.length) throw new Error(`ran out of the program at ${at}`);
    const to = code.readUInt8(at * 8 + 1) & 15;
    const from = code.readUInt8(at * 8 + 1) >> 4;
    const offset = code.readInt16LE(at * 8 + 2);
    const value = code.readInt32LE(at * 8 + 4) >>> 0;
    if (to > REGISTERS || from > REGISTERS) throw new Error(`no such register at ${at}`);
    if (offset < 0) throw new Error(`a jump back at ${at}`);
    switch (code.readUInt8(at * 8)) {
      case 0x61:
        if (registers[from] !== 'context' || offset % 4 !== 0 || offset > 8) throw new Error(`load at ${at}`);
        registers[to] = context.readUInt32LE(offset);
        break;
      case 0xb4:
        registers[to] = value;
        break;
      case 0xbc:
        registers[to] = number(from);
        break;
      case 0x54:
        registers[to] = (number(to) & value) >>> 0;
        break;
      case 0x74:
        registers[to] = number(to) >>> value;
        break;
      case 0x05:
        at += offset;
        break;
      case 0x56:
        at += number(to) !== value ? offset : 0;
        break;
      case 0x46:
        at += (number(to) & value) !== 0 ? offset : 0;
        break;
      case 0x95:
        return number(0) === 1;
      default:
        throw new Error(`unknown instruction at ${at}`);
    }
  }
}

function contextOf({ type, major, minor, access }: DeviceAccess): Buffer {
  const bits = access.split('').reduce((sum, letter) => sum | (ACCESS_BITS[letter] ?? 0), 0);
  const context = Buffer.alloc(12);
  context.writeUInt32LE((bits << 16) | (type === 'b' ? 1 : 2), 0);
  context.writeUInt32LE(major, 4);
  context.writeUInt32LE(minor, 8);
  return context;
}
