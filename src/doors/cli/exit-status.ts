import { isFault, type FaultKind } from '#base/fault.ts';
import { errnoNameKind } from '#kernel/failure.ts';

/** The one table from kinds of faults to the exit statuses of this door. */
const STATUS: Record<FaultKind, number> = {
  internal: 1,
  invalid: 2,
  notFound: 3,
  alreadyExists: 4,
  conflict: 5,
  denied: 6,
  unavailable: 7,
  unsupported: 8,
  corrupt: 9,
  exhausted: 10,
  cancelled: 130,
};

/** A command line that cannot be read; also any failure of `run`, `exec` and `start` before the program runs. */
export const STATUS_ENGINE = 125;
/** What `image verify` ends with when something stays wrong. */
export const STATUS_CORRUPT = STATUS.corrupt;
const STATUS_NOT_EXECUTABLE = 126;
const STATUS_NOT_FOUND = 127;

export function exitStatus(error: unknown): number {
  return STATUS[isFault(error) ? error.kind : kindOfForeign(error)];
}

const SQLITE_FULL = 13;

/** Errors of Node and of SQLite that nobody has put into a fault: a full disk can show anywhere. */
function kindOfForeign(error: unknown): FaultKind {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  if (errcode === SQLITE_FULL) return 'exhausted';
  return typeof code === 'string' ? errnoNameKind(code) : 'internal';
}

/** Docker's contract for commands that run a program: 127 not found, 126 found but not executable, 125 anything else. */
export function runExitStatus(error: unknown): number {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (!isFault(at) || at.facts['op'] !== 'exec') continue;
    return at.facts['errno'] === 'ENOENT' || at.facts['errno'] === 'ENOTDIR' ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
  }
  return STATUS_ENGINE;
}
