import { BPF } from './assembler.ts';

/** What becomes of a call: a filter's return value, or a question whose answer leads on. */
export type Node = number | Test;

/** Where a question looks: the word at `at` of struct seccomp_data, its bits in `mask`. */
export interface Question {
  at: number;
  mask: number;
  code: number;
  value: number;
}

export interface Test extends Question {
  yes: Node;
  no: Node;
}

export const EVERY_BIT = 0xffff_ffff;

/** Makes questions; equal ones are one, so that they are emitted once. */
export class Decisions {
  readonly #known = new Map<string, Test>();
  readonly #ids = new Map<Test, number>();

  ask(question: Question, yes: Node, no: Node): Node {
    const { at, mask, code, value } = question;
    if (mask === 0) return compare(code, 0, value) ? yes : no;
    const whenYes = assume(yes, question, true);
    const whenNo = assume(no, question, false);
    if (whenYes === whenNo) return whenYes;
    const key = `${at} ${mask} ${code} ${value} ${this.#id(whenYes)} ${this.#id(whenNo)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const test: Test = { at, mask, code, value, yes: whenYes, no: whenNo };
    this.#known.set(key, test);
    this.#ids.set(test, this.#ids.size);
    return test;
  }

  #id(node: Node): string {
    return typeof node === 'number' ? `=${node}` : `${this.#ids.get(node)}`;
  }
}

/** What is left to be asked of a node once the answer to `question` is known. */
export function assume(node: Node, question: Question, answer: boolean): Node {
  let left = node;
  while (typeof left !== 'number' && left.at === question.at && left.mask === question.mask) {
    const { code, value, yes, no } = left;
    if (question.code === BPF.jumpEqual && answer) left = compare(code, question.value, value) ? yes : no;
    else if (code === question.code && value === question.value) left = answer ? yes : no;
    else break;
  }
  return left;
}

function compare(code: number, actual: number, value: number): boolean {
  if (code === BPF.jumpEqual) return actual === value;
  return code === BPF.jumpGreater ? actual > value : actual >= value;
}
