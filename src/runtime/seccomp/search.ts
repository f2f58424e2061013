import { BPF } from './assembler.ts';
import { EVERY_BIT, type Node, type Test } from './decision.ts';

/** A run of system call numbers from `start` to the next one; `apart` are single numbers in it that get something else. */
interface Run {
  start: number;
  node: Node;
  apart: { start: number; node: Node }[];
}

/** So many single numbers are asked for one after another; more are halved first. */
const MOST_APART = 16;
const NUMBER_AT = 0;

/** Numbers with what they get, ascending, and what all others get; everything from `end` on gets `beyond`. */
export interface Numbers {
  nodes: readonly (readonly [number: number, node: Node])[];
  others: Node;
  end: number;
  beyond: Node;
}

/** The decision by system call number. */
export function searchNumbers(numbers: Numbers): Node {
  return halve(runsOf(numbers).flatMap(split));
}

/**
 * The whole number space in order. Neighbours that get the same are joined, and single numbers between two runs that get
 * the same are set apart: one question each, where bounds would take one more.
 */
function runsOf({ nodes, others, end, beyond }: Numbers): Run[] {
  const runs: Run[] = [];
  const add = (start: number, node: Node): void => {
    const joined = beforeSingles(runs, start, node);
    if (joined === undefined) runs.push({ start, node, apart: [] });
    else for (const single of runs.splice(joined + 1)) runs[joined]?.apart.push(single);
  };
  let next = 0;
  for (const [number, node] of nodes) {
    if (number > next) add(next, others);
    add(number, node);
    next = number + 1;
  }
  if (end > next) add(next, others);
  add(end, beyond);
  return runs;
}

/** The run that `node` goes on with at `start`: the last one, or one with nothing but single numbers after it. */
function beforeSingles(runs: readonly Run[], start: number, node: Node): number | undefined {
  let after = start;
  for (let at = runs.length - 1; at >= 0; at--) {
    const run = runs[at];
    if (run?.node === node) return at;
    if (run === undefined || run.apart.length > 0 || run.start !== after - 1) return undefined;
    after = run.start;
  }
  return undefined;
}

function split(run: Run): Run[] {
  const { apart, node, start } = run;
  if (apart.length <= MOST_APART) return [run];
  const middle = apart.length >>> 1;
  const from = apart[middle]?.start ?? start;
  return [
    ...split({ start, node, apart: apart.slice(0, middle) }),
    ...split({ start: from, node, apart: apart.slice(middle) }),
  ];
}

function halve(runs: readonly Run[]): Node {
  const [only] = runs;
  const middle = runs.length >>> 1;
  const at = runs[middle];
  if (only === undefined || at === undefined || runs.length === 1) return only === undefined ? 0 : oneByOne(only);
  return test(BPF.jumpGreaterEqual, at.start, halve(runs.slice(middle)), halve(runs.slice(0, middle)));
}

function oneByOne({ apart, node }: Run): Node {
  let next = node;
  for (const one of apart.toReversed()) next = test(BPF.jumpEqual, one.start, one.node, next);
  return next;
}

function test(code: number, value: number, yes: Node, no: Node): Test {
  return { at: NUMBER_AT, mask: EVERY_BIT, code, value, yes, no };
}
