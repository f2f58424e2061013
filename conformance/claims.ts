/** What checks say about what they saw. */
import { deepStrictEqual } from 'node:assert/strict';
import type { Outcome } from './trial.ts';

export function equal(seen: unknown, wanted: unknown, what = 'seen'): void {
  try {
    deepStrictEqual(seen, wanted);
  } catch {
    throw new Error(`${what}: ${show(seen)}, where ${show(wanted)} was asked for`);
  }
}

/** The lines of a text, without the last line's end. */
export function lines(text: string): string[] {
  return text.trimEnd().split('\n');
}

/** The verb must tell an error by its exit status. */
export function refused({ status }: Outcome, what: string): void {
  if (status === 0 || status === null) throw new Error(`${what}: ${status === null ? 'does not end' : 'no error'}`);
}

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
