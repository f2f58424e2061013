import { Fault } from '#base/fault.ts';
import type { DeviceRule } from '#runtime/spec/spec.ts';
import { accessOf, deniesSomething, deviceNumber, type DeviceRules } from './device-rules.ts';

/** Values of struct bpf_cgroup_dev_ctx (linux/bpf.h): `access_type` is access << 16 | type. */
const TYPES = { b: 1, c: 2 } as const;
const ACCESS = { m: 1, r: 2, w: 4 } as const;
const ALL_ACCESS = 7;
const OFFSET = { accessType: 0, major: 4, minor: 8 } as const;

/** Instruction codes of eBPF (RFC 9669), the few that a device program needs; all on 32 bits. */
const OP = {
  load: 0x61,
  move: 0xb4,
  moveRegister: 0xbc,
  and: 0x54,
  shiftRight: 0x74,
  jump: 0x05,
  jumpIfNotEqual: 0x56,
  jumpIfAny: 0x46,
  exit: 0x95,
} as const;

/** Registers: 0 holds the decision, 1 the context as the kernel hands it over, the rest is ours. */
const R = { decision: 0, context: 1, type: 2, undecided: 3, major: 4, minor: 5 } as const;

interface Instruction {
  op: number;
  to: number;
  from?: number;
  offset?: number;
  value?: number;
}

/**
 * The rules as an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE: an array of struct bpf_insn (8 bytes each,
 * little-endian). It goes through the rules from the last to the first and strikes out the accesses that one allows;
 * it denies at the first rule that denies one not struck out, and allows when none is left (a look that asks for no
 * access has none from the start). Undefined when nothing is denied, so that no program is needed. Faults: `invalid` for a device number that no device can have.
 */
export function deviceProgram(wanted: DeviceRules): Uint8Array | undefined {
  if (!deniesSomething(wanted)) return undefined;
  const { allowOthers, rules } = wanted;
  return encode([
    { op: OP.load, to: R.type, from: R.context, offset: OFFSET.accessType },
    { op: OP.moveRegister, to: R.undecided, from: R.type },
    { op: OP.shiftRight, to: R.undecided, value: 16 },
    { op: OP.and, to: R.type, value: 0xffff },
    { op: OP.load, to: R.major, from: R.context, offset: OFFSET.major },
    { op: OP.load, to: R.minor, from: R.context, offset: OFFSET.minor },
    ...strikeOut(0),
    ...rules.toReversed().flatMap(({ rule, origin }) => ruleBlock(rule, origin)),
    ...decide(allowOthers),
  ]);
}

/** The instructions of one rule; what it is not about goes on behind it. */
function ruleBlock(rule: DeviceRule, origin: string): Instruction[] {
  const tests: [register: number, value: number | undefined][] = [
    [R.type, rule.type === 'b' || rule.type === 'c' ? TYPES[rule.type] : undefined],
    [R.major, numberOf(rule.major, `${origin}.major`)],
    [R.minor, numberOf(rule.minor, `${origin}.minor`)],
  ];
  const wanted = tests.filter(([, value]) => value !== undefined);
  const access = accessOf(rule)
    .split('')
    .reduce((bits, letter) => bits | ACCESS[letter as keyof typeof ACCESS], 0);
  const action = rule.allow ? strikeOut(access) : refuse(access);
  return [
    ...wanted.map(([to, value = 0], index) => {
      return { op: OP.jumpIfNotEqual, to, value, offset: wanted.length - index - 1 + action.length };
    }),
    ...action,
  ];
}

function strikeOut(access: number): Instruction[] {
  const allow = decide(true);
  return [
    { op: OP.and, to: R.undecided, value: ALL_ACCESS & ~access },
    { op: OP.jumpIfNotEqual, to: R.undecided, value: 0, offset: allow.length },
    ...allow,
  ];
}

function refuse(access: number): Instruction[] {
  const deny = decide(false);
  return [
    { op: OP.jumpIfAny, to: R.undecided, value: access, offset: 1 },
    { op: OP.jump, to: 0, offset: deny.length },
    ...deny,
  ];
}

function decide(allow: boolean): Instruction[] {
  return [
    { op: OP.move, to: R.decision, value: allow ? 1 : 0 },
    { op: OP.exit, to: 0 },
  ];
}

/** The kernel's device numbers have 32 bits together; a larger one would be cut, and stand for another device. */
function numberOf(value: number | undefined, field: string): number | undefined {
  const number = deviceNumber(value);
  if (number !== undefined && number > 0xffff_ffff)
    throw new Fault('invalid', `${field} is larger than a device number can be`, { field });
  return number;
}

function encode(instructions: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(instructions.length * 8);
  let at = 0;
  for (const { op, to, from = 0, offset = 0, value = 0 } of instructions) {
    at = bytes.writeUInt8(op, at);
    at = bytes.writeUInt8((from << 4) | to, at);
    at = bytes.writeInt16LE(offset, at);
    at = bytes.writeInt32LE(value | 0, at);
  }
  return bytes;
}
