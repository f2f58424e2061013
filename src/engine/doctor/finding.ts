import type { HostFacts } from '#kernel/host-facts.ts';

/** What is looked at; tests hand over a machine of their own. */
export interface Patient {
  facts: HostFacts;
  /** The engine's root, which may not be there yet. */
  root: string;
  /** Name of the user, for the ranges of /etc/subuid. */
  user: string;
  /** Text of a file; undefined when it cannot be read. */
  read(path: string): string | undefined;
  exists(path: string): boolean;
  /** `1:3 666` of a character device: its numbers and mode; undefined for anything else. */
  device(path: string): string | undefined;
  /** Whether a program of this name is on PATH. */
  program(name: string): boolean;
  /** Type of the file system, as statfs(2) numbers it, and bytes, of the nearest directory above a path that exists. */
  disk(path: string): { type: number; free: number; size: number };
}

export interface Finding {
  /** `ok`; `degraded`: something is done without, or slower; `broken`: containers will not run. */
  verdict: 'ok' | 'degraded' | 'broken';
  says: string;
  /** What to do about it. */
  mend?: string;
}

export interface Diagnosis extends Finding {
  /** What was looked at. */
  about: string;
}

export type Look = (patient: Patient) => Finding;

export const ok = (says: string): Finding => ({ verdict: 'ok', says });
export const degraded = (says: string, mend?: string): Finding => withMend({ verdict: 'degraded', says }, mend);
export const broken = (says: string, mend?: string): Finding => withMend({ verdict: 'broken', says }, mend);

const withMend = (finding: Finding, mend: string | undefined): Finding =>
  mend === undefined ? finding : { ...finding, mend };
