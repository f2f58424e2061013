import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, sentence, type FaultKind } from '#base/fault.ts';

/** Why a start failed, as its caller was told. Kept with the container until another start fails. */
export interface FailureNote {
  /** Milliseconds since 1970. */
  time: number;
  kind: FaultKind;
  message: string;
  hint?: string;
  /** What of the configuration was at fault. */
  field?: string;
  /** Of the step that failed, when it came so far: errno, path, op, program. */
  facts: Readonly<Record<string, string | number | boolean | null>>;
}

const NAME = 'failure.json';

/**
 * Writes down why a start failed, and gives the error back. Best effort: the disk may be what has failed, and the
 * container may be gone.
 */
export function noteFailure<T>(directory: string, error: T): T {
  const aside = join(directory, `${NAME}.new`);
  try {
    writeFileSync(aside, JSON.stringify(noteOf(error)), { mode: 0o600 });
    renameSync(aside, join(directory, NAME));
  } catch {
    // What is told to the caller counts.
  }
  return error;
}

export function noteOf(error: unknown, time = Date.now()): FailureNote {
  const fault = error instanceof Fault ? error : undefined;
  return {
    time,
    kind: fault?.kind ?? 'internal',
    message: sentence(error),
    ...(fault?.hint === undefined ? {} : { hint: fault.hint }),
    ...(fault?.field === undefined ? {} : { field: fault.field }),
    facts: fault?.facts ?? {},
  };
}

/** The last failed start of the container kept in `directory`; undefined when none has failed. */
export function readFailure(directory: string): FailureNote | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, NAME), 'utf8')) as FailureNote;
  } catch {
    return undefined;
  }
}
