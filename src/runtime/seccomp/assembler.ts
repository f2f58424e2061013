import { Fault } from '#base/fault.ts';

/** Instruction codes of classic BPF (linux/filter.h), the few that a filter needs. */
export const BPF = {
  loadWord: 0x20,
  and: 0x54,
  jump: 0x05,
  jumpEqual: 0x15,
  jumpGreater: 0x25,
  jumpGreaterEqual: 0x35,
  return: 0x06,
} as const;

/** A place in the program, counted from its end; everything that is jumped to is emitted before its jump. */
export type Label = number;

const MOST_INSTRUCTIONS = 4096;
const FAR = 250;

/**
 * Writes a filter from its last instruction to its first. Jumps of BPF lead forward only, so at every emitted
 * instruction all its targets are already known.
 */
export class Assembler {
  /** Per instruction: code, jump if true, jump if false, constant. */
  readonly #reversed: (readonly [number, number, number, number])[] = [];
  readonly #returns = new Map<number, Label>();
  readonly #stones = new Map<Label, Label>();

  get length(): number {
    return this.#reversed.length;
  }

  /** Ends with `action`; an equal one near enough is used again. */
  ret(action: number): Label {
    const known = this.#returns.get(action);
    if (known !== undefined && this.length - known < FAR) return known;
    const label = this.#emit(BPF.return, 0, 0, action);
    this.#returns.set(action, label);
    return label;
  }

  /** Loads the word at `offset` of struct seccomp_data, then goes on at `next`. */
  load(offset: number, next: Label): Label {
    return this.#then(BPF.loadWord, offset, next);
  }

  and(mask: number, next: Label): Label {
    return this.#then(BPF.and, mask, next);
  }

  jump(code: number, value: number, whenTrue: Label, whenFalse: Label): Label {
    const yes = this.#near(whenTrue);
    const no = this.#near(whenFalse);
    return this.#emit(code, this.length - yes - 1, this.length - no - 1, value);
  }

  /** The program as an array of struct sock_filter (8 bytes each, little-endian). */
  finish(): Uint8Array {
    if (this.length > MOST_INSTRUCTIONS) {
      throw new Fault('exhausted', `linux.seccomp: the filter has ${this.length} instructions, the kernel takes 4096`, {
        field: 'linux.seccomp',
      });
    }
    const program = new DataView(new ArrayBuffer(this.length * 8));
    let at = program.byteLength;
    for (const [code, yes, no, value] of this.#reversed) {
      at -= 8;
      program.setUint32(at, code | (yes << 16) | (no << 24), true);
      program.setUint32(at + 4, value, true);
    }
    return new Uint8Array(program.buffer);
  }

  /** An instruction that always goes on with the next one, which must be `next`. */
  #then(code: number, value: number, next: Label): Label {
    if (next !== this.length - 1) this.#emit(BPF.jump, 0, 0, this.length - next - 1);
    return this.#emit(code, 0, 0, value);
  }

  /** Conditional jumps reach 255 instructions; beyond that they need a stepping stone, which others use too. */
  #near(target: Label): Label {
    if (this.length - target < FAR) return target;
    const known = this.#stones.get(target);
    if (known !== undefined && this.length - known < FAR) return known;
    const stone = this.#emit(BPF.jump, 0, 0, this.length - target - 1);
    this.#stones.set(target, stone);
    return stone;
  }

  #emit(code: number, yes: number, no: number, value: number): Label {
    this.#reversed.push([code, yes, no, value]);
    return this.length - 1;
  }
}
