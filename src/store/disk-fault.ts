import { Fault, type FaultKind } from '#base/fault.ts';

const KINDS: Record<string, FaultKind> = {
  ENOSPC: 'exhausted',
  EDQUOT: 'exhausted',
  EMFILE: 'exhausted',
  ENFILE: 'exhausted',
  EROFS: 'denied',
  EACCES: 'denied',
  EPERM: 'denied',
};

/** An error of the file system or of SQLite as a fault, when it is one that a user can do something about. */
export function asDiskFault(error: unknown, doing: string): unknown {
  if (error instanceof Fault) return error;
  const { code, errcode, path } = error as { code?: unknown; errcode?: unknown; path?: unknown };
  const sqliteFull = errcode === 13 || code === 'SQLITE_FULL';
  const kind = sqliteFull ? 'exhausted' : typeof code === 'string' ? KINDS[code] : undefined;
  if (kind === undefined) return error;
  return new Fault(kind, doing, {
    cause: error,
    facts: { errno: String(code ?? 'SQLITE_FULL'), ...(typeof path === 'string' ? { path } : {}) },
  });
}
